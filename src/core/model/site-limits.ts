import { z } from 'zod';

/** What a site may not exceed. An absent limit is none. */
export const siteLimitsSchema = z.strictObject({
  /** Power of IT, cooling and overhead: what its switchgear and cooling plant are built for. */
  facilityKw: z.number().positive().optional(),
  /** Connection to the grid, drawing and feeding in. */
  gridKw: z.number().positive().optional(),
  exportKw: z.number().min(0).optional(),
  /** Budgets of the site's calendar day where it reports what it has used; else of 24 hours of a plan. */
  dailyWaterL: z.number().positive().optional(),
  dailyCarbonKg: z.number().positive().optional(),
});
export type SiteLimits = z.output<typeof siteLimitsSchema>;

/**
 * A charge on the highest mean import of any slot of the month, above what the month has come to
 * already. A plan that exceeds it pays the month's charge in full, since the month does.
 */
export const demandChargeSchema = z.strictObject({
  audPerKwMonth: z.number().min(0).max(1000),
  /** Highest import of this month so far. */
  paidKw: z.number().min(0).default(0),
});
export type DemandCharge = z.output<typeof demandChargeSchema>;
