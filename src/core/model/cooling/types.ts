import type { z } from 'zod';
import type { Air } from '../weather.ts';

/**
 * A cooling model: what a site draws and drinks per kWh of IT, as a function of the outdoor air.
 * One model a file; `index.ts` is their registry.
 */
export interface CoolingModel<S extends z.ZodType> {
  /** Parameters as they stand in a site's `cooling`, with `kind` as the discriminator. */
  schema: S;
  /** Partial PUE (dimensionless, ≥ 1): facility power over IT power, fixed overhead apart. */
  ppue(params: z.output<S>, air: Air): number;
  /** Water evaporated on site, in L per kWh of IT. */
  onSiteWaterLPerKwh(params: z.output<S>, air: Air): number;
}
