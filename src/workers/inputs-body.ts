import { z } from 'zod';
import { siteInputSchema } from '../store/site-inputs.ts';
import { fleet } from './fleet.ts';

/** What a feed brings: hours of sites of this fleet. */
export const inputsBodySchema = z.strictObject({
  source: z.string().min(1).max(200),
  hours: z
    .array(
      siteInputSchema.refine((h) => fleet.sites.some((s) => s.id === h.site), {
        message: 'is not a site of this fleet',
        path: ['site'],
      }),
    )
    .min(1)
    .max(5000),
});
