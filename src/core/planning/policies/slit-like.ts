import { rowCount } from '../../optimizer/problem.ts';
import { edgeTakes, edgeTtftMs } from './edges.ts';
import { spillByPreference } from './spill.ts';
import type { Decision, Policy, PolicyContext } from './types.ts';

/** Weights of the four aims; only their ratios matter. */
export interface AimWeights {
  ttft: number;
  carbon: number;
  water: number;
  energyCost: number;
}

const EQUAL: AimWeights = { ttft: 1, carbon: 1, water: 1, energyCost: 1 };

/**
 * Each hour every zone sends each class to the one site with the least weighted sum of TTFT, carbon,
 * water and energy cost, each brought to 0…1 between the best and the worst site that may serve it.
 */
export function weightedChoice(context: PolicyContext, weights: AimWeights): Decision {
  const { fleet, problem } = context;
  const ttftMs = edgeTtftMs(fleet, problem);
  const scores = edgeTakes(context).map((take) => {
    const score = new Float64Array(ttftMs.length);
    for (let r = 0; r < rowCount(problem); r++) {
      const from = problem.rowStart[r] as number;
      const to = problem.rowStart[r + 1] as number;
      for (const [values, weight] of [
        [ttftMs, weights.ttft],
        [take.carbonKg, weights.carbon],
        [take.waterL, weights.water],
        [take.energyAud, weights.energyCost],
      ] as const) {
        const low = Math.min(...values.subarray(from, to));
        const range = Math.max(...values.subarray(from, to)) - low;
        for (let e = from; range > 0 && e < to; e++) {
          score[e] = (score[e] as number) + (weight * ((values[e] as number) - low)) / range;
        }
      }
    }
    return score;
  });
  return spillByPreference(problem, (e, t) => scores[t]?.[e] as number);
}

/**
 * After SLIT (Moore et al., arXiv:2505.23554), which weighs the same four aims by an ML-guided
 * metaheuristic. Its search is not rebuilt here: a single site a zone and hour makes it unnecessary.
 */
export const slitLike: Policy = {
  id: 'slit-like',
  summary: 'one site a zone and hour by TTFT, carbon, water and energy cost in equal parts (SLIT)',
  decide: (context) => weightedChoice(context, EQUAL),
};
