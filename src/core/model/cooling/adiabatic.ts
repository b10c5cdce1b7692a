import { z } from 'zod';
import { wueFixedApproachLPerKwh, wueTowerLPerKwh } from '../water.ts';
import { chillerCop } from './air-cooled-chiller.ts';
import type { CoolingModel } from './types.ts';

const schema = z.strictObject({
  kind: z.literal('adiabatic'),
  /** Pads run wet above this dry bulb and dry below it. */
  switchAboveC: z.number().min(0).max(45).default(25),
  /** Share of the way from dry bulb to wet bulb that the pads achieve. */
  padEffectiveness: z.number().min(0).max(1).default(0.7),
  fanOverhead: z.number().min(0).max(1).default(0.07),
  ratedCop: z.number().min(1).max(10).default(3),
  /** Curve of the water evaporated: water.ts. Absent: `fixed-approach`. */
  wue: z.enum(['fixed-approach', 'tower']).optional(),
});

/**
 * Air-cooled chiller whose condenser air is pre-cooled by wetted pads on hot days. Dry, and
 * waterless, below the switch temperature; above it the chiller sees air cooled towards the wet bulb
 * (T − ε(T − Twb)) and the pads evaporate by the fixed-approach WUE curve. The drop of pPUE at the
 * switch is real: it is what the water buys. Pad effectiveness 0.7 is an engineering estimate.
 */
export const adiabatic: CoolingModel<typeof schema> = {
  schema,
  ppue(p, air) {
    const wet = air.tempC > p.switchAboveC;
    const condenserAirC = wet
      ? air.tempC - p.padEffectiveness * (air.tempC - air.wetBulbC)
      : air.tempC;
    return 1 + p.fanOverhead + 1 / chillerCop(condenserAirC, p.ratedCop);
  },
  onSiteWaterLPerKwh(p, air) {
    if (air.tempC <= p.switchAboveC) return 0;
    return p.wue === 'tower'
      ? wueTowerLPerKwh(air.wetBulbC)
      : wueFixedApproachLPerKwh(air.wetBulbC);
  },
};
