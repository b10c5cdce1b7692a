import { z } from 'zod';
import type { CoolingModel } from './types.ts';

const schema = z.strictObject({
  kind: z.literal('fixed'),
  ppue: z.number().min(1).max(3),
  onSiteWaterLPerKwh: z.number().min(0).max(10).default(0),
});

/** One constant, blind to weather: the baseline, and what a PUE on a data sheet amounts to. */
export const fixed: CoolingModel<typeof schema> = {
  schema,
  ppue: (p) => p.ppue,
  onSiteWaterLPerKwh: (p) => p.onSiteWaterLPerKwh,
};
