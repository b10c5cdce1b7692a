import type { Instance } from './instances.ts';
import { type LpParts, plantParts, term } from './plant-lp.ts';

/** A convex piecewise-linear cost of a site's load in a slot: the highest of its lines. */
export type Lines = (site: number, slot: number) => { slope: number; intercept: number }[];

export interface FleetLpOptions {
  /** Cost of each site's queue; none: waiting is free. */
  lines?: Lines | undefined;
  /** Most carbon and water of the whole plan. */
  carbonKg?: number | undefined;
  waterL?: number | undefined;
  /** What an excess over them costs, AUD per kg and L; without it they are hard. */
  excessAud?: number;
  /** Sites without a plant that may keep more servers awake than they have to. */
  sleep?: ((site: number, slot: number) => Sleep | undefined) | undefined;
  /** Sites' totals, where they are given; what is not served of them is shed. */
  totals?: Float64Array[] | undefined;
  /** What all names begin with, so that several programs can be one. */
  of?: string;
}

/** A site's sleeping servers in a slot: how many at no load and by load, and what one awake takes. */
export interface Sleep {
  asleep: number;
  perLoad: number;
  costAud: number;
  carbonKg: number;
  waterL: number;
}

/**
 * The whole problem as one program, written from its definition in problem.ts and from nothing of the
 * solver. A site's total in a class and slot is `of`s`j`_n`t`_`k`. What sites without a plant pay at no
 * request at all is not in it: {@link standingAud}.
 */
export function fleetParts({ problem: p, sites }: Instance, options: FleetLpOptions = {}): LpParts {
  const { lines, totals, sleep, excessAud, of = '' } = options;
  const { slotCount: T, classCount: K } = p;
  const R = p.rowStart.length - 1;
  const cost: string[] = [];
  const rows: string[] = [];
  const bounds: string[] = [];
  const taken = { carbon: [] as string[], water: [] as string[] };
  const total = (j: number, t: number, k: number) => `${of}s${j}_n${t}_${k}`;

  sites.forEach((site, j) => {
    const ofSite = `${of}s${j}_`;
    const queue = lines && ((t: number) => lines(j, t));
    if (site.plant) {
      const none = new Float64Array(T * K);
      const requests = { prices: none, box: none.map(() => Infinity), lines: queue };
      const part = plantParts(site, site.plant, requests, ofSite);
      for (const [all, its] of [
        [cost, part.cost],
        [rows, part.rows],
        [bounds, part.bounds],
        [taken.carbon, part.carbon],
        [taken.water, part.water],
      ] as const) {
        all.push(...its);
      }
      return;
    }
    for (let t = 0; t < T; t++) {
      const load: string[] = [];
      for (let k = 0; k < K; k++) {
        cost.push(term(site.rateAud[t * K + k]!, total(j, t, k)));
        load.push(term(site.loadPerReqPerS[k]!, total(j, t, k)));
        const { marginalCarbonKg, marginalWaterL } = site.impacts!;
        taken.carbon.push(term(marginalCarbonKg[t * K + k]!, total(j, t, k)));
        taken.water.push(term(marginalWaterL[t * K + k]!, total(j, t, k)));
      }
      rows.push(`${load.join(' ')} - ${ofSite}l${t} = 0`);
      bounds.push(` ${ofSite}l${t} <= ${p.sites[j]!.maxLoad[t]}`);
      const sleeping = sleep?.(j, t);
      if (sleeping) {
        const awake = `${ofSite}w${t}`;
        rows.push(`${awake} ${term(sleeping.perLoad, `${ofSite}l${t}`)} <= ${sleeping.asleep}`);
        cost.push(term(sleeping.costAud, awake));
        taken.carbon.push(term(sleeping.carbonKg, awake));
        taken.water.push(term(sleeping.waterL, awake));
      }
      if (!queue) continue;
      cost.push(`+ ${ofSite}q${t}`);
      for (const { slope, intercept } of queue(t)) {
        rows.push(`${ofSite}q${t} ${term(-slope, `${ofSite}l${t}`)} >= ${intercept}`);
      }
    }
  });

  const into = sites.map(() => Array.from({ length: T * K }, () => [] as string[]));
  for (let t = 0; t < T; t++) {
    for (let r = 0; r < R; r++) {
      const served = [`${of}y${t}_${r}`];
      cost.push(term(p.unservedCostAud, `${of}y${t}_${r}`));
      for (let e = p.rowStart[r]!; e < p.rowStart[r + 1]!; e++) {
        const name = `${of}x${t}_${e}`;
        served.push(name);
        cost.push(term(p.edgeCostAud[e]!, name));
        into[p.edgeSite[e]!]![t * K + (r % K)]!.push(name);
      }
      rows.push(`${served.join(' + ')} = ${p.demandReqPerS[t * R + r]}`);
    }
  }
  p.batch?.forEach((batch, b) => {
    const served = [`${of}u${b}`];
    cost.push(term(p.unservedCostAud, `${of}u${b}`));
    for (let t = batch.firstSlot; t <= batch.lastSlot; t++) {
      for (const j of batch.sites) {
        const name = `${of}w${b}_${j}_${t}`;
        served.push(name);
        into[j]![t * K + batch.classIndex]!.push(name);
      }
    }
    rows.push(`${served.join(' + ')} = ${batch.amount}`);
  });
  into.forEach((byTotal, j) => {
    byTotal.forEach((names, i) => {
      const parts = names.map((name) => `- ${name}`).join(' ');
      rows.push(`${total(j, Math.floor(i / K), i % K)} ${parts} = 0`);
    });
  });
  for (const [limit, used, of] of [
    [options.carbonKg, taken.carbon, 'carbonKg'],
    [options.waterL, taken.water, 'waterL'],
  ] as const) {
    if (limit === undefined) continue;
    const plain = sites.filter((site) => !site.plant);
    const standing = plain.flatMap((s) => [...s.impacts![of]]).reduce((a, b) => a + b, 0);
    const over = excessAud === undefined ? '' : ` - ${of}`;
    rows.push(`${used.join(' ')}${over} <= ${limit - standing}`);
    if (excessAud !== undefined) cost.push(term(excessAud, of));
  }
  totals?.forEach((its, j) => {
    its.forEach((n, i) => {
      bounds.push(` ${total(j, Math.floor(i / K), i % K)} = ${n}`);
    });
  });
  return { cost, rows, bounds };
}

/** What sites pay that {@link fleetParts} leaves out, AUD. */
export function standingAud({ sites }: Instance): number {
  return sites
    .filter((site) => !site.plant)
    .reduce((sum, site) => sum + site.baseAud.reduce((a, b) => a + b, 0), 0);
}
