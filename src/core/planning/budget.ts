import type { ObjectivePrices } from '../model/fleet.ts';
import { KG_PER_TONNE, L_PER_KL } from '../model/units.ts';
import { type Certificate, certify } from '../optimizer/certificate.ts';
import type { PlanImpacts, RowImpacts } from '../optimizer/impacts.ts';
import type { DispatchProblem } from '../optimizer/problem.ts';
import type { Settings } from '../optimizer/settings.ts';
import type { ConsensusState } from '../optimizer/state.ts';
import { cheapestMixture, type Mixture } from './mixture.ts';

/**
 * Plans of least cost within budgets of carbon, water or both, over the horizon and fleet.
 *
 * Each step optimizes with carbon and water at prices μ above the objective's own, which gives a plan
 * (amounts x, cost y) and a bound L: y' + μ·x' ≥ L for every plan. No plan within the budgets B then
 * costs less than L − μ·B, the Lagrangian bound; and mixtures of the plans found are plans, of which
 * the cheapest that keeps the budgets (mixture.ts) bounds the optimum from above and says at which μ
 * to ask next. That is the method of Dantzig and Wolfe (1960), or Kelley's cuts of the dual. Plants
 * change nothing of this: a plan then is flows and an operation of every plant, of which there are
 * mixtures, too. Plain data between steps, to be written down and read back.
 */
export interface BudgetSearch {
  budgets: Settings['budgets'];
  /** μ to optimize at next, AUD per kg and per L; zero without a budget. */
  shadow: ShadowPrices;
  /** Where it has been optimized. */
  asked: ShadowPrices[];
  /** Part of the gap that steps are allowed now, and the first of them that was; absent: of the first. */
  finer?: { share: number; from: number };
  /** Plans of which the mixture is made; others are forgotten. */
  plans: BudgetedPlan[];
  mixture?: Mixture;
  /** The step with the highest L − μ·B. */
  best?: BestBound;
}

interface BestBound extends Pick<BudgetStep, 'rowPrices' | 'rowImpacts'> {
  boundAud: number;
  shadow: ShadowPrices;
}

export interface ShadowPrices {
  audPerKg: number;
  audPerL: number;
}

/** What a step found: flows by slot, and the certificate at its prices. */
export interface BudgetStep {
  flow: Float64Array[];
  unserved: Float64Array[];
  certificate: Certificate;
  impacts: PlanImpacts;
  /** Marginal prices and their carbon and water by row, per (req/s) and slot. */
  rowPrices: Float64Array[];
  rowImpacts?: RowImpacts[];
}

export interface BudgetedPlan extends PlanImpacts {
  flow: Float64Array[];
  unserved: Float64Array[];
  /** At the objective's own prices. */
  costAud: number;
  /** Prices it was made at, and plants operated at. */
  shadow: ShadowPrices;
}

/**
 * Highest prices, AUD per kg and L: hardly anything else counts there, yet a request stays cheaper to
 * serve than to leave unserved at that price's default.
 */
const HIGHEST = { carbonKg: 20, waterL: 20 };
/**
 * Part of the gap asked for that each step is allowed; the search has the rest. Where carbon and water
 * at μ are most of a step's objective, its gap is too wide for the costs that remain, and the same μ
 * comes up again: then it is asked with so much less, down to the least.
 */
const STEP_SHARE = 0.25;
const FINER = 0.25;
const LEAST_SHARE = 1e-3;
const MOST_STEPS = 30;

/** What there are budgets of, in a fixed order. */
export function budgetKinds(budgets: Settings['budgets']): ('carbonKg' | 'waterL')[] {
  return (['carbonKg', 'waterL'] as const).filter((name) => budgets[name] !== undefined);
}

export function beginBudget(budgets: Settings['budgets']): BudgetSearch {
  return {
    budgets,
    shadow: { audPerKg: 0, audPerL: 0 },
    asked: [],
    plans: [],
  };
}

/** Settings of a step: its own gap, and no budget of its own. */
export function stepSettings(settings: Settings, search?: BudgetSearch): Settings {
  const share = search?.finer?.share ?? STEP_SHARE;
  return { ...settings, budgets: {}, gapTarget: share * settings.gapTarget };
}

/** The objective's prices with μ on top. */
export function budgetPrices(prices: ObjectivePrices, shadow: ShadowPrices): ObjectivePrices {
  return {
    ...prices,
    carbonAudPerT: prices.carbonAudPerT + shadow.audPerKg * KG_PER_TONNE,
    waterAudPerKl: prices.waterAudPerKl + shadow.audPerL * L_PER_KL,
  };
}

/** Takes a step's plan and bound; returns whether the search is done. */
export function absorbStep(search: BudgetSearch, step: BudgetStep, gapTarget: number): boolean {
  const { budgets, shadow } = search;
  const charged = budgetKinds(budgets).map((of) => ({ of, price: priceOf(shadow, of) }));
  const priced = (amount: (of: 'carbonKg' | 'waterL') => number) =>
    charged.reduce((sum, { of, price }) => sum + price * amount(of), 0);
  search.plans.push({
    flow: step.flow,
    unserved: step.unserved,
    ...step.impacts,
    shadow,
    costAud: step.certificate.objectiveAud - priced((of) => step.impacts[of]),
  });
  const bound = step.certificate.lowerBoundAud - priced((of) => budgets[of] as number);
  if (bound > (search.best?.boundAud ?? Number.NEGATIVE_INFINITY)) {
    search.best = {
      boundAud: bound,
      shadow,
      rowPrices: step.rowPrices,
      rowImpacts: step.rowImpacts,
    };
  }
  search.asked.push(shadow);
  const kinds = budgetKinds(budgets);
  const mixture = cheapestMixture(
    search.plans.map((p) => ({ x: kinds.map((of) => p[of]), y: p.costAud })),
    kinds.map((of) => budgets[of] as number),
    kinds.map((of) => HIGHEST[of]),
  );
  search.plans = search.plans.filter((_, i) => (mixture.weights[i] as number) > 0);
  search.mixture = { ...mixture, weights: mixture.weights.filter((w) => w > 0) };
  search.shadow = nextPrices(kinds, mixture);
  const { share, from } = search.finer ?? { share: STEP_SHARE, from: 0 };
  const repeats = search.asked.slice(from).some((before) => samePrices(search.shadow, before));
  const { gap } = certify(mixture.cost, search.best?.boundAud ?? Number.NEGATIVE_INFINITY);
  // While a budget is missed, however little, the next step asks for the leanest plan.
  const isKept = mixture.excess.every((v) => v === 0);
  if (search.asked.length >= MOST_STEPS) return true;
  if (!repeats) return gap <= gapTarget && isKept;
  if (gap <= gapTarget || share <= LEAST_SHARE) return true;
  search.finer = { share: FINER * share, from: search.asked.length };
  return false;
}

/** Why a budget cannot be kept without knowing what plans come to. */
export function noImpacts(p: DispatchProblem, state: ConsensusState): Error {
  const silent = state.sites.flatMap((s, j) =>
    s.excluded || s.impacts ? [] : [p.sites[j]?.id as string],
  );
  return new Error(`budgets need every site's carbon and water; without: ${silent.join(', ')}`);
}

export function priceOf(shadow: ShadowPrices, of: 'carbonKg' | 'waterL'): number {
  return of === 'carbonKg' ? shadow.audPerKg : shadow.audPerL;
}

function nextPrices(kinds: ('carbonKg' | 'waterL')[], mixture: Mixture): ShadowPrices {
  const of = (kind: 'carbonKg' | 'waterL') => mixture.prices[kinds.indexOf(kind)] ?? 0;
  return { audPerKg: of('carbonKg'), audPerL: of('waterL') };
}

function samePrices(a: ShadowPrices, b: ShadowPrices): boolean {
  const same = (x: number, y: number) => Math.abs(x - y) <= 1e-9 * Math.max(x, y);
  return same(a.audPerKg, b.audPerKg) && same(a.audPerL, b.audPerL);
}
