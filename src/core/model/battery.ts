import { z } from 'zod';

/**
 * A battery behind the site's meter. Efficiencies are of each way; the default of both makes the
 * round trip of 85 % that Cole and Karmakar assume (Cost Projections for Utility-Scale Battery
 * Storage: 2023 Update, NREL/TP-6A40-85332). Self-discharge and wear are left out.
 */
export const batterySchema = z
  .strictObject({
    /** Usable capacity. */
    capacityKwh: z.number().positive().max(1e6),
    /** Highest power at the meter's side. */
    chargeKw: z.number().positive().max(1e6),
    dischargeKw: z.number().positive().max(1e6),
    chargeEfficiency: z.number().min(0.5).max(1).default(0.922),
    dischargeEfficiency: z.number().min(0.5).max(1).default(0.922),
    /**
     * Charge at the beginning of a plan where nobody reports it, and at its end at least that, or what
     * there was if that was less. Half full if not given.
     */
    initialKwh: z.number().min(0).optional(),
  })
  .refine((b) => (b.initialKwh ?? 0) <= b.capacityKwh, {
    message: 'must be at most capacityKwh',
    path: ['initialKwh'],
  });
export type Battery = z.output<typeof batterySchema>;

export function initialChargeKwh(b: Battery): number {
  return b.initialKwh ?? b.capacityKwh / 2;
}
