import { z } from 'zod';
import { shown } from './micro.ts';
import type { Receipt, SiteAmounts, TimedChoice } from './receipt.ts';

/** Receipts as clients read them: in the header `x-isotherm-receipt`, and as a stream's last comment. */

const basis = z.enum(['disclosed', 'estimated']);
const bases = {
  basis: basis.describe('Of carbon and water: by the site’s own word, or from what is public.'),
  energyBasis: basis.describe('Of energy.'),
  costBasis: basis.nullable().describe('Of the cost; null where nobody knows it.'),
};
const site = z.string().describe('Id of the site.');
const amounts = {
  energyWh: z.number().describe('Energy that this request took more, Wh at the meter.'),
  carbonG: z.number().describe('Carbon, g CO2e.'),
  waterMl: z.number().describe('Water, mL.'),
  costAud: z.number().nullable().describe('Cost of the energy, AUD.'),
};
const ttftMs = z.int().min(0).nullable();
const elsewhereMs = ttftMs.describe(
  'What it would have been there, by the measured one and what the model says of network and servers; null where that cannot be told.',
);
const about = {
  zone: z.string().describe('Zone that the client is in.'),
  plan: z.int().nullable().describe('Version of the plan that routed it; null before the first.'),
  ttftMs: ttftMs.describe(
    'From the request’s arrival to the first byte of its answer, ms; without a stream that comes with the whole.',
  ),
};
const tokens = z.int().min(0);

export const receiptSchema = z
  .strictObject({
    site,
    ...bases,
    ...amounts,
    ...about,
    tokens: z.strictObject({
      prompt: tokens,
      cached: tokens.describe('Of the prompt, from the site’s cache.'),
      completion: tokens,
      estimated: z.boolean().describe('The site did not count them, or not to the end.'),
    }),
    counterfactual: z
      .strictObject({ site, ...bases, ...amounts, ttftMs: elsewhereMs })
      .describe('The same request at the nearest site that may serve it, in the same hour.'),
  })
  .describe('What a request took, and would have taken at the nearest site.');
export type ReceiptView = z.output<typeof receiptSchema>;

/** All but tokens and what follows from them. */
export const receiptOutsetSchema = z
  .strictObject({
    site,
    ...bases,
    ...about,
    counterfactual: z.strictObject({ site, ...bases, ttftMs: elsewhereMs }),
  })
  .describe('What is known of a receipt when a stream begins.');

export function receiptView(r: Receipt): ReceiptView {
  const side = ({ amounts, ttftMs, ...of }: SiteAmounts) => ({ ...of, ...shown(amounts), ttftMs });
  return {
    ...side(r.served),
    zone: r.zone,
    plan: r.planVersion,
    tokens: {
      prompt: r.usage.promptTokens,
      cached: r.usage.cachedTokens,
      completion: r.usage.completionTokens,
      estimated: r.usageEstimated,
    },
    counterfactual: side(r.counterfactual),
  };
}

export function receiptOutset(
  { zone, planVersion }: Pick<Receipt, 'zone' | 'planVersion'>,
  served: TimedChoice,
  counterfactual: TimedChoice,
): z.output<typeof receiptOutsetSchema> {
  const side = ({ site, factors, ttftMs }: TimedChoice) => ({
    site: site.id,
    ...factors.basis,
    ttftMs,
  });
  return { ...side(served), zone, plan: planVersion, counterfactual: side(counterfactual) };
}
