import { optimize } from './optimized.ts';
import type { Policy } from './types.ts';

/** The control: what the optimizer would do if cooling did not depend on weather or place. */
export const fixedPpue: Policy = {
  id: 'fixed-ppue',
  summary: 'the same optimizer, blind to temperature: one pPUE, the fleet’s mean',
  decide(context) {
    const { ppue, onSiteWaterLPerKwh } = context.spanMeans;
    const cooling = { kind: 'fixed' as const, ppue, onSiteWaterLPerKwh };
    const sites = context.fleet.sites.map((s) => ({ ...s, cost: { ...s.cost, cooling } }));
    return optimize(context, { ...context.fleet, sites });
  },
};
