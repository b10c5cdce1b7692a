import { z } from 'zod';
import type { CoolingModel } from './types.ts';

/**
 * COP of an electric air-cooled chiller by outdoor dry bulb, EnergyPlus `Chiller:Electric`
 * (Engineering Reference, "Electric Chiller Model") with its example coefficients:
 *   d = (T − 35) / 2.778;  cap = .944836 − .0570088 d + .00185486 d²
 *   EIRft = 2.333 − 1.975 cap + .6121 cap²;  EIRplr = .03303 + .6852 r + .2818 r²
 *   COP = r · ratedCop / (EIRft · EIRplr)
 * The curve turns over below 10 °C, where it was never fitted; it is held at its 10 °C value there.
 */
export function chillerCop(tempC: number, ratedCop = 3, partLoadRatio = 0.8): number {
  const d = (Math.min(Math.max(tempC, 10), 50) - 35) / 2.778;
  const cap = 0.944836 - 0.0570088 * d + 0.00185486 * d * d;
  const eirTemp = 2.333 - 1.975 * cap + 0.6121 * cap * cap;
  const eirLoad = 0.03303 + 0.6852 * partLoadRatio + 0.2818 * partLoadRatio * partLoadRatio;
  return (partLoadRatio * ratedCop) / (eirTemp * eirLoad);
}

const schema = z.strictObject({
  kind: z.literal('air-cooled-chiller'),
  ratedCop: z.number().min(1).max(10).default(3),
  partLoadRatio: z.number().min(0.1).max(1).default(0.8),
  /** Fans and pumps, per kW of IT. */
  fanOverhead: z.number().min(0).max(1).default(0.06),
});

/** Compression all year: pPUE = 1 + fans + 1/COP(T). Dry, so no water on site. */
export const airCooledChiller: CoolingModel<typeof schema> = {
  schema,
  ppue: (p, air) => 1 + p.fanOverhead + 1 / chillerCop(air.tempC, p.ratedCop, p.partLoadRatio),
  onSiteWaterLPerKwh: () => 0,
};
