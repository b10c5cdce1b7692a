import { Hono } from 'hono';
import { z } from 'zod';
import { rowSums, type UsageRow } from '../core/accounting/totals.ts';
import { usageCsv, usageView } from '../core/accounting/usage-export.ts';
import { InvalidInputError, parseInput } from '../core/model/errors.ts';
import { parseUtcMs } from '../core/model/time.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import { readUsage, type UsageGroup, usageGroups } from '../store/usage.ts';
import { type Env, now } from './env.ts';

/** Sums in one answer; whoever needs more asks for fewer hours. */
export const MAX_SUMS = 20_000;
const DEFAULT_SPAN_MS = 24 * MS_PER_HOUR;

const instant = z
  .string()
  .refine((t) => parseUtcMs(t) !== undefined, 'is not a date such as 2026-11-01T00:00Z')
  .transform((t) => parseUtcMs(t) as number);

export const usageQuerySchema = z.strictObject({
  from: instant.optional().describe('Hours that begin at or after this; default: a day ago.'),
  to: instant.optional().describe('Hours that begin before this; default: now.'),
  key: z.string().max(64).optional().describe('Of this key alone, by its id.'),
  by: z
    .string()
    .default('key,model,zone,site,hour')
    .transform((text) => text.split(',').filter((part) => part !== ''))
    .pipe(z.array(z.enum(usageGroups)))
    .describe(
      'What to sum by: any of key, model, zone, site, day (of UTC), hour, comma-separated; empty: one sum.',
    ),
  format: z.enum(['json', 'csv']).default('json'),
});

/** Receipts summed: exact, as of what is booked. */
export const adminUsage = new Hono<{ Bindings: Env }>();

adminUsage.get('/', async (c) => {
  const query = parseInput(usageQuerySchema, c.req.query(), 'query');
  const toUtcMs = query.to ?? now(c.env);
  const fromUtcMs = query.from ?? toUtcMs - DEFAULT_SPAN_MS;
  if (fromUtcMs >= toUtcMs) throw new InvalidInputError('query', ['from: must be before to']);
  const by = usageGroups.filter((g) => query.by.includes(g));
  const limit = MAX_SUMS + 1;
  const sums = await readUsage(c.env.DB, { fromUtcMs, toUtcMs, keyId: query.key, by, limit });
  if (sums.length > MAX_SUMS) {
    const issue = `over ${MAX_SUMS} sums; ask for fewer hours, or sum by less`;
    throw new InvalidInputError('query', [issue]);
  }
  const views = sums.map(usageView);
  if (query.format === 'csv') {
    const csv = usageCsv(views, headerOf(by));
    return c.body(csv, 200, { 'content-type': 'text/csv; charset=utf-8' });
  }
  const utc = (ms: number) => new Date(ms).toISOString();
  return c.json({ from: utc(fromUtcMs), to: utc(toUtcMs), by, usage: views });
});

function headerOf(by: readonly UsageGroup[]): string[] {
  const empty = Object.fromEntries(rowSums.map((name) => [name, 0])) as Partial<UsageRow>;
  return [...by, ...Object.keys(usageView(empty))];
}
