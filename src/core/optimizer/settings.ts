import { z } from 'zod';

/** Settings of one optimization; the schema is the reference for meaning, unit and default. */
export const settingsSchema = z.strictObject({
  /**
   * `learned`: site curves through all answers (default). `supply`: the first answers carry whole
   * curves, so that one round does; sites disclose more. `classic`: two-block ADMM on totals.
   */
  mode: z.enum(['learned', 'supply', 'classic']).default('learned'),
  /** Stop once the certified gap (U − L)/|U| is at most this (dimensionless). */
  gapTarget: z.number().positive().max(1).default(1e-3),
  /** Stop after this many rounds, i.e. network round trips to every site. */
  maxRounds: z.int().min(1).max(1000).default(60),
  /** Over-relaxation α of classic rounds (Boyd et al. 2011, §3.4.3: 1.5–1.8). */
  relaxation: z.number().min(1).max(1.95).default(1.7),
  /** Learned rounds in a row that cut the gap by less than a quarter before classic ones take over. */
  stallRounds: z.int().min(2).max(100).default(4),
  /** Rounds in a row a site may miss before it is planned without, its demand moved elsewhere. */
  maxMissedRounds: z.int().min(1).max(20).default(2),
  /**
   * Sites also answer with their carbon, water, energy and its cost, as far as they agree: for the parts
   * of prices, budgets and receipts.
   */
  discloseImpacts: z.boolean().default(true),
  /** Carbon and water that the whole plan may come to at most, over its horizon: planning/budget.ts. */
  budgets: z
    .strictObject({
      carbonKg: z.number().positive().max(1e12).optional(),
      waterL: z.number().positive().max(1e12).optional(),
    })
    .default({}),
});

/** The fields with nothing filled in. */
export const settingsInputShape = Object.fromEntries(
  Object.entries(settingsSchema.shape).map(([name, field]) => [name, field.unwrap().optional()]),
);

/** The same with nothing filled in: what someone asked for, to be laid over other defaults. */
export const settingsInputSchema = z.strictObject(
  settingsInputShape,
) as unknown as z.ZodType<SettingsInput>;

export type Settings = z.output<typeof settingsSchema>;
export type SettingsInput = z.input<typeof settingsSchema>;
export type StopReason = 'gap' | 'rounds' | 'deadline';

/** Whether a budget binds, so that one optimization alone would not do. */
export function hasBudget({ budgets }: Pick<SettingsInput, 'budgets'>): boolean {
  return budgets?.carbonKg !== undefined || budgets?.waterL !== undefined;
}
