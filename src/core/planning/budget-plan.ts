import { KG_PER_TONNE, L_PER_KL } from '../model/units.ts';
import { type Certificate, certify } from '../optimizer/certificate.ts';
import type { PlanImpacts, RowImpacts } from '../optimizer/impacts.ts';
import {
  type BudgetedPlan,
  type BudgetSearch,
  budgetKinds,
  priceOf,
  type ShadowPrices,
} from './budget.ts';
import type { BudgetReport } from './plan.ts';

/** One of the plans of a mixture. */
export interface MixturePart {
  weight: number;
  flow: Float64Array[];
  shadow: ShadowPrices;
}

/** The plan kept, with all that is to be said of its budgets. */
export interface BudgetPlan {
  flow: Float64Array[];
  unserved: Float64Array[];
  /**
   * U and L of the problem with budgets, at the objective's own prices. Where a budget is missed, its
   * excess counts in both at the highest price.
   */
  certificate: Certificate;
  budgets: BudgetReport[];
  /** What it comes to: amounts mix as plans do, those of plants' operations included. */
  impacts: PlanImpacts;
  /** Plans it is the mixture of. */
  parts: MixturePart[];
  /** Of the step that proved the bound. */
  rowPrices: Float64Array[];
  rowImpacts?: RowImpacts[];
  shadow: ShadowPrices;
}

/** The mixture as a plan. Call after at least one step. */
export function budgetPlan(search: BudgetSearch): BudgetPlan {
  const { budgets, plans, mixture, best } = search;
  if (!mixture || !best) throw new Error('no plan has been found yet');
  const sum = (of: (p: BudgetedPlan) => number) =>
    plans.reduce((total, p, i) => total + (mixture.weights[i] as number) * of(p), 0);
  const hasEnergy = plans.every((p) => p.energyKwh !== undefined && p.energyAud !== undefined);
  const mixed = (of: (p: BudgetedPlan) => Float64Array[]) =>
    of(plans[0] as BudgetedPlan).map((first, t) =>
      first.map((_, e) =>
        plans.reduce((sum, p, i) => {
          return sum + (mixture.weights[i] as number) * (of(p)[t]?.[e] as number);
        }, 0),
      ),
    );
  return {
    flow: mixed((p) => p.flow),
    unserved: mixed((p) => p.unserved),
    certificate: certify(mixture.cost, best.boundAud),
    budgets: budgetKinds(budgets).map((of, k) => ({
      of,
      limit: budgets[of] as number,
      amount: sum((p) => p[of]),
      shadowPrice: priceOf(best.shadow, of) * (of === 'carbonKg' ? KG_PER_TONNE : L_PER_KL),
      missedBy: mixture.excess[k] as number,
    })),
    impacts: {
      carbonKg: sum((p) => p.carbonKg),
      waterL: sum((p) => p.waterL),
      ...(hasEnergy && {
        energyKwh: sum((p) => p.energyKwh as number),
        energyAud: sum((p) => p.energyAud as number),
      }),
    },
    parts: plans.map(({ flow, shadow }, i) => ({
      weight: mixture.weights[i] as number,
      flow,
      shadow,
    })),
    rowPrices: best.rowPrices,
    rowImpacts: best.rowImpacts,
    shadow: best.shadow,
  };
}
