import { greedyByRequest } from './by-request.ts';
import type { Policy } from './types.ts';

export const cleanest: Policy = {
  id: 'cleanest',
  summary: 'the site where the request emits least carbon now, next cleanest when full',
  decide: (context) => greedyByRequest(context, (f) => f.carbonKgPerKwh),
};
