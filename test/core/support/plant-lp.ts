import type { SitePlant } from '../../../src/core/optimizer/site-plant/plant.ts';
import type { SiteProblem } from '../../../src/core/optimizer/site-subproblem.ts';

/** Requests as the program sees them: given totals, or a box at prices. */
export type LpRequests =
  | { totals: Float64Array }
  | {
      prices: Float64Array;
      box: Float64Array;
      lines?: (slot: number) => { slope: number; intercept: number }[];
    };

export interface LpParts {
  cost: string[];
  rows: string[];
  bounds: string[];
}

/** Sums of what the plant takes, as terms. */
export interface PlantAmounts {
  carbon: string[];
  water: string[];
}

/** A program in CPLEX LP text. */
export function lpText({ cost, rows, bounds }: LpParts): string {
  const named = rows.map((r, i) => ` r${i}: ${r.replace(/^\+ /, '')}`).join('\n');
  return `Minimize\n obj: ${cost.join('\n ')}\nSubject To\n${named}\nBounds\n${bounds.join('\n')}\nEnd\n`;
}

export const term = (c: number, name: string) => `${c < 0 ? '-' : '+'} ${Math.abs(c)} ${name}`;

/**
 * The plant's linear program, written from the equations of plant.ts and nothing of the solver: limits
 * are hard, N and M are variables of their own. Names begin with `of`; N is `of`n`t`_`k`.
 */
export function plantParts(
  site: SiteProblem,
  p: SitePlant,
  requests: LpRequests,
  of = '',
): LpParts & PlantAmounts {
  const { slotCount: T, classCount: K } = site;
  const h = p.slotHours;
  const cost: string[] = [];
  const rows: string[] = [];
  const bounds: string[] = [];
  const bound = (name: string, most: number) => {
    if (most < Infinity) bounds.push(` ${name} <= ${most}`);
  };
  const water: string[] = [];
  const carbon: string[] = [];
  for (let t = 0; t < T; t++) {
    const it: string[] = [];
    const load: string[] = [];
    for (let k = 0; k < K; k++) {
      const at = t * K + k;
      const n = `${of}n${t}_${k}`;
      const m = `${of}m${t}_${k}`;
      if ('totals' in requests) bounds.push(` ${n} = ${requests.totals[at]}`);
      else {
        bound(n, requests.box[at]!);
      }
      rows.push(`${m} - ${n} <= 0`);
      const price = 'totals' in requests ? 0 : requests.prices[at]!;
      cost.push(term(p.unservedAud - price, n), term(-p.unservedAud, m));
      it.push(term(-p.kwPerReqPerS[at]!, m));
      load.push(term(site.loadPerReqPerS[k]!, n));
    }
    if (!('totals' in requests)) {
      rows.push(`${load.join(' ')} <= ${site.maxLoad[t]}`);
      if (requests.lines) {
        cost.push(`+ ${of}q${t}`);
        for (const { slope, intercept } of requests.lines(t)) {
          const less = load.map((l) => l.replace('+ ', '').split(' '));
          rows.push(
            `${of}q${t} ${less.map(([s, n]) => term(-slope * Number(s), n!)).join(' ')} >= ${intercept}`,
          );
        }
      }
    }
    rows.push(`${of}it${t} ${it.join(' ')} = ${p.baseItKw[t]}`);
    rows.push(`${of}f${t} ${term(-p.ppue[t]!, `${of}it${t}`)} = ${p.overheadKw}`);
    const b = p.battery;
    rows.push(
      `${of}f${t} ${b ? `+ ${of}c${t} - ${of}d${t}` : ''} - ${of}b${t} + ${of}e${t} - ${of}s${t} = 0`,
    );
    bound(`${of}f${t}`, p.facilityKw);
    bound(`${of}b${t}`, p.gridKw);
    bound(`${of}e${t}`, Math.min(p.exportKw, p.solarKw[t]! + (b?.dischargeKw ?? 0)));
    bound(`${of}s${t}`, p.solarKw[t]!);
    cost.push(term(h * p.importAud[t]!, `${of}b${t}`), term(-h * p.exportAud[t]!, `${of}e${t}`));
    cost.push(term(h * p.itAud[t]!, `${of}it${t}`));
    if (b) {
      const before = t === 0 ? '' : `- ${of}soc${t - 1}`;
      rows.push(
        `${of}soc${t} ${before} ${term(-h * b.chargeEfficiency, `${of}c${t}`)} ${term(h / b.dischargeEfficiency, `${of}d${t}`)} = ${t === 0 ? b.initialKwh : 0}`,
      );
      rows.push(`${1 / b.chargeKw} ${of}c${t} + ${1 / b.dischargeKw} ${of}d${t} <= 1`);
      bounds.push(` ${t === T - 1 ? b.finalKwh : 0} <= ${of}soc${t} <= ${b.capacityKwh}`);
    }
    if (p.peak) rows.push(`${of}b${t} - ${of}r <= ${p.peak.paidKw}`);
    water.push(term(h * p.importWaterL[t]!, `${of}b${t}`), term(h * p.itWaterL[t]!, `${of}it${t}`));
    carbon.push(term(h * p.importCarbonKg[t]!, `${of}b${t}`));
  }
  if (p.peak) cost.push(term(p.peak.audPerKw, `${of}r`));
  for (const day of new Set(p.dayOf)) {
    const own = [...p.dayOf.keys()].filter((t) => p.dayOf[t] === day);
    const cap = (parts: Float64Array) => own.reduce((sum, t) => sum + parts[t]!, 0);
    // Two terms of water a slot, one of carbon.
    const waterTerms = own.flatMap((t) => water.slice(2 * t, 2 * t + 2));
    if (cap(p.waterCapL) < Infinity) rows.push(`${waterTerms.join(' ')} <= ${cap(p.waterCapL)}`);
    const carbonTerms = own.map((t) => carbon[t]);
    if (cap(p.carbonCapKg) < Infinity) {
      rows.push(`${carbonTerms.join(' ')} <= ${cap(p.carbonCapKg)}`);
    }
  }
  return { cost, rows, bounds, carbon, water };
}
