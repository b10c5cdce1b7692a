import { z } from 'zod';
import { chillerCop } from './air-cooled-chiller.ts';
import type { CoolingModel } from './types.ts';

const schema = z
  .strictObject({
    kind: z.literal('mixed-mode'),
    /** Outside air alone below this. */
    economizerBelowC: z.number().min(-20).max(40).default(14),
    /** Chiller alone above this; linear between the two. */
    chillerAboveC: z.number().min(-20).max(50).default(22),
    /** Overhead per kW of IT while on outside air. */
    economizerOverhead: z.number().min(0).max(1).default(0.08),
    /** Fans and pumps per kW of IT while on the chiller. */
    fanOverhead: z.number().min(0).max(1).default(0.06),
    ratedCop: z.number().min(1).max(10).default(3),
  })
  .refine((p) => p.chillerAboveC > p.economizerBelowC, {
    message: 'must be above economizerBelowC',
    path: ['chillerAboveC'],
  })
  .refine(
    (p) => p.fanOverhead + 1 / chillerCop(p.chillerAboveC, p.ratedCop) >= p.economizerOverhead,
    {
      message: 'must not exceed the overhead on the chiller',
      path: ['economizerOverhead'],
    },
  );

/**
 * Outside-air economizer below a changeover band, air-cooled chiller above it: what small edge
 * sites have. The knee between the two is why temperature matters to routing. Defaults: an
 * engineering estimate (8 % on outside air; 6 % fans plus 1/COP on the chiller), not a measurement.
 */
export const mixedMode: CoolingModel<typeof schema> = {
  schema,
  ppue(p, air) {
    const overheadOnChiller = (tempC: number) => p.fanOverhead + 1 / chillerCop(tempC, p.ratedCop);
    if (air.tempC <= p.economizerBelowC) return 1 + p.economizerOverhead;
    if (air.tempC >= p.chillerAboveC) return 1 + overheadOnChiller(air.tempC);
    const onChiller = (air.tempC - p.economizerBelowC) / (p.chillerAboveC - p.economizerBelowC);
    const atBandEnd = overheadOnChiller(p.chillerAboveC);
    return 1 + p.economizerOverhead + onChiller * (atBandEnd - p.economizerOverhead);
  },
  onSiteWaterLPerKwh: () => 0,
};
