import { spillByPreference } from './spill.ts';
import type { Policy } from './types.ts';

export const nearest: Policy = {
  id: 'nearest',
  summary: 'the site with the lowest TTFT at zero load, next nearest when full',
  decide: ({ problem }) => spillByPreference(problem, (e) => problem.edgeCostAud[e] as number),
};
