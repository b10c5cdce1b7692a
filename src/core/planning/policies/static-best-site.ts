import { eachEdge } from './edges.ts';
import { spillByPreference } from './spill.ts';
import type { Policy } from './types.ts';

/**
 * One choice for the whole span, made with hindsight: what a single migration to the best region is
 * worth, the control that Sukprasert et al. (EuroSys 2024, "On the limitations of carbon-aware temporal
 * and spatial workload shifting"; second-hand) put beside policies that follow the hours.
 */
export const staticBestSite: Policy = {
  id: 'static-best-site',
  summary: 'for each zone the one site with the least mean cost over the span, next best when full',
  decide({ problem, spanMeans }) {
    const meanAud = problem.edgeCostAud.slice();
    eachEdge(problem, (e, r) => {
      const k = r % problem.classCount;
      const j = problem.edgeSite[e] as number;
      meanAud[e] =
        (meanAud[e] as number) + (spanMeans.rateAud[j * problem.classCount + k] as number);
    });
    return spillByPreference(problem, (e) => meanAud[e] as number);
  },
};
