import { greedyByRequest } from './by-request.ts';
import type { Policy } from './types.ts';

export const cheapest: Policy = {
  id: 'cheapest',
  summary: 'the site where the request’s energy costs least now, next cheapest when full',
  decide: (context) => greedyByRequest(context, (f) => f.energyAudPerKwh),
};
