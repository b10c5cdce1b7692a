import { optimize } from './optimized.ts';
import type { Policy } from './types.ts';

export const isotherm: Policy = {
  id: 'isotherm',
  summary: 'the optimizer, with each site’s cooling a function of its weather',
  decide: (context) => optimize(context, context.fleet),
};
