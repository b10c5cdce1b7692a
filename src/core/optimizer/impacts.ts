import { figuresFault } from './figures.ts';
import { type DispatchProblem, totalsOf } from './problem.ts';
import type { ConsensusState, SiteState } from './state.ts';

/** Carbon and water of a site, at some totals, and by how much a request more changes them. */
export interface SiteImpacts {
  /** Length T. */
  carbonKg: Float64Array;
  waterL: Float64Array;
  /** Per (req/s) and slot. Length T·K. */
  marginalCarbonKg: Float64Array;
  marginalWaterL: Float64Array;
  /** Absent where the site tells no more than carbon and water. */
  energy?: SiteEnergy;
}

/** The same of energy at the meter, and of what it costs at the site's tariff, nothing else counted. */
export interface SiteEnergy {
  energyKwh: Float64Array;
  energyAud: Float64Array;
  marginalEnergyKwh: Float64Array;
  marginalEnergyAud: Float64Array;
  /** Power of servers and cooling over that of servers, length T; solvers of older versions tell none. */
  ppue?: Float64Array;
}

/** Sums over a plan's sites and slots; energy only where every site tells it. */
export interface PlanImpacts {
  carbonKg: number;
  waterL: number;
  energyKwh?: number;
  energyAud?: number;
}

/** Carbon and water of each row's marginal request, per (req/s) and slot; none where nobody serves it. */
export interface RowImpacts {
  carbonKg: Float64Array;
  waterL: Float64Array;
}

/** The same at other totals, by its own derivatives: exact where they are constant. */
export function impactsAt(
  at: { impacts: SiteImpacts; totals: Float64Array },
  totals: Float64Array,
): SiteImpacts {
  const { carbonKg, waterL, marginalCarbonKg, marginalWaterL, energy } = at.impacts;
  const K = marginalCarbonKg.length / carbonKg.length;
  const moved = (values: Float64Array, marginal: Float64Array) =>
    values.map((value, t) => {
      let sum = value;
      for (let i = t * K; i < (t + 1) * K; i++) {
        sum += (marginal[i] as number) * ((totals[i] as number) - (at.totals[i] as number));
      }
      return sum;
    });
  return {
    carbonKg: moved(carbonKg, marginalCarbonKg),
    waterL: moved(waterL, marginalWaterL),
    marginalCarbonKg,
    marginalWaterL,
    ...(energy && {
      energy: {
        ...energy,
        energyKwh: moved(energy.energyKwh, energy.marginalEnergyKwh),
        energyAud: moved(energy.energyAud, energy.marginalEnergyAud),
      },
    }),
  };
}

/**
 * What is wrong with a site's figures, or undefined.
 * @param coupled of a site with a plant, where a request more may move others to where they take less
 */
export function impactsFault(
  p: DispatchProblem,
  i: SiteImpacts,
  coupled = false,
): string | undefined {
  const T = p.slotCount;
  const TK = T * p.classCount;
  const fault =
    figuresFault('carbonKg', i.carbonKg, T) ??
    figuresFault('waterL', i.waterL, T) ??
    figuresFault('marginalCarbonKg', i.marginalCarbonKg, TK) ??
    figuresFault('marginalWaterL', i.marginalWaterL, TK);
  const { carbonKg, waterL, energy } = i;
  const amounts = { carbonKg, waterL, ...(energy && { energyKwh: energy.energyKwh }) };
  return (
    fault ??
    energyFault(T, TK, energy) ??
    negative(amounts, 'nothing gives any back') ??
    (coupled ? undefined : takenAway(i))
  );
}

function energyFault(T: number, TK: number, energy: SiteEnergy | undefined): string | undefined {
  if (!energy) return undefined;
  return (
    figuresFault('energyKwh', energy.energyKwh, T) ??
    figuresFault('energyAud', energy.energyAud, T) ??
    figuresFault('marginalEnergyKwh', energy.marginalEnergyKwh, TK) ??
    figuresFault('marginalEnergyAud', energy.marginalEnergyAud, TK) ??
    (energy.ppue && (figuresFault('ppue', energy.ppue, T) ?? ppueFault(energy.ppue)))
  );
}

function ppueFault(ppue: Float64Array): string | undefined {
  const bad = ppue.findIndex((v) => v < 1);
  return bad < 0 ? undefined : `ppue[${bad}] is ${ppue[bad]}: at least 1, the servers alone`;
}

/** Energy may have a negative price; more of it is drawn, emitted or drunk all the same. */
function takenAway({ energy, ...impacts }: SiteImpacts): string | undefined {
  const rising = {
    marginalCarbonKg: impacts.marginalCarbonKg,
    marginalWaterL: impacts.marginalWaterL,
    ...(energy && { marginalEnergyKwh: energy.marginalEnergyKwh }),
  };
  return negative(rising, 'a request more cannot take any away');
}

function negative(figures: Record<string, Float64Array>, why: string): string | undefined {
  for (const [name, values] of Object.entries(figures)) {
    const bad = values.findIndex((v) => v < 0);
    if (bad >= 0) return `${name}[${bad}] is ${values[bad]}: ${why}`;
  }
  return undefined;
}

/** What a site told last, or where its slots are joined, of the best plan. */
export function toldImpacts(site: SiteState): SiteImpacts | undefined {
  return site.excluded ? undefined : (site.bestImpacts ?? site.impacts);
}

/**
 * What the best plan comes to at the sites that take part; undefined where one of them does not say.
 * @param flow the best plan's
 */
export function planImpacts(
  p: DispatchProblem,
  state: ConsensusState,
  flow: Float64Array[],
): PlanImpacts | undefined {
  const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
  const out = { carbonKg: 0, waterL: 0 };
  let energy: { energyKwh: number; energyAud: number } | undefined = { energyKwh: 0, energyAud: 0 };
  const totals = totalsOf(p, flow);
  for (const [j, site] of state.sites.entries()) {
    if (site.excluded) continue;
    if (!site.impacts) return undefined;
    const answered = { impacts: site.impacts, totals: site.answeredTotals };
    const {
      carbonKg,
      waterL,
      energy: of,
    } = site.bestImpacts ?? impactsAt(answered, totals[j] as Float64Array);
    out.carbonKg += sum(carbonKg);
    out.waterL += sum(waterL);
    energy = energy &&
      of && {
        energyKwh: energy.energyKwh + sum(of.energyKwh),
        energyAud: energy.energyAud + sum(of.energyAud),
      };
  }
  return { ...out, ...energy };
}

/** What a request more emits and drinks at the site that sets its row's price, by slot. */
export function rowImpacts(p: DispatchProblem, state: ConsensusState): RowImpacts[] | undefined {
  if (state.sites.some((s) => !s.excluded && !s.impacts)) return undefined;
  return state.slots.map((slot, t) => {
    const marginal = (name: 'marginalCarbonKg' | 'marginalWaterL') =>
      Float64Array.from(slot.bestEdges, (e, r) => {
        const site = state.sites[p.edgeSite[e] as number];
        return (site && toldImpacts(site))?.[name][t * p.classCount + (r % p.classCount)] ?? 0;
      });
    return { carbonKg: marginal('marginalCarbonKg'), waterL: marginal('marginalWaterL') };
  });
}
