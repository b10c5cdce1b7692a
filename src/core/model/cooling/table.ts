import { z } from 'zod';
import { interpolate } from '../interpolate.ts';
import type { CoolingModel } from './types.ts';

const schema = z.strictObject({
  kind: z.literal('table'),
  /** Measured points by rising dry bulb; linear between them, held at the ends. */
  points: z
    .array(
      z.strictObject({
        tempC: z.number().min(-40).max(60),
        ppue: z.number().min(1).max(3),
        onSiteWaterLPerKwh: z.number().min(0).max(10).default(0),
      }),
    )
    .min(2)
    .refine((ps) => ps.every((p, i) => i === 0 || p.tempC > (ps[i - 1]?.tempC ?? -Infinity)), {
      message: 'tempC must rise from point to point',
    }),
});

/** A site's own measurements. */
export const table: CoolingModel<typeof schema> = {
  schema,
  ppue: (p, air) =>
    interpolate(
      p.points.map((q) => [q.tempC, q.ppue]),
      air.tempC,
    ),
  onSiteWaterLPerKwh: (p, air) =>
    interpolate(
      p.points.map((q) => [q.tempC, q.onSiteWaterLPerKwh]),
      air.tempC,
    ),
};
