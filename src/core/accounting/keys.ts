import { z } from 'zod';
import { parseUtcMs } from '../model/time.ts';
import { MG_PER_KG, NANO_PER_AUD } from './micro.ts';

/** A client's key: who may ask for what, and how much of it. */
export interface ApiKey {
  /** Public part; the key itself is kept by its holder alone. */
  id: string;
  name: string;
  /** SHA-256 of the whole key, in hex. */
  hash: string;
  /** Null: any. */
  models: string[] | null;
  classes: string[] | null;
  requestsPerMinute: number | null;
  tokensPerMinute: number | null;
  budgetNanoAud: number | null;
  budgetCarbonMg: number | null;
  createdUtcMs: number;
  expiresUtcMs: number | null;
  revokedUtcMs: number | null;
}

const names = z.array(z.string().min(1).max(128)).min(1).max(64);

/** What a new key may do, as an operator says it. */
export const keyInputSchema = z.strictObject({
  name: z.string().min(1).max(100),
  models: names.optional().describe('Models it may ask for, by all of their names; absent: all.'),
  classes: names.optional().describe('Request classes it may ask for; absent: all.'),
  requestsPerMinute: z.int().min(1).max(1_000_000).optional(),
  tokensPerMinute: z.int().min(1).max(1_000_000_000).optional(),
  budgetAudPerMonth: z.number().positive().max(1_000_000).optional(),
  budgetKgCo2ePerMonth: z.number().positive().max(1_000_000).optional(),
  expires: z
    .string()
    .refine((t) => parseUtcMs(t) !== undefined, 'is not a date such as 2027-01-01T00:00Z')
    .optional()
    .describe('Instant from which it is refused, in UTC or with an offset.'),
});
export type KeyInput = z.output<typeof keyInputSchema>;

export function newKey(
  input: KeyInput,
  identity: { id: string; hash: string; createdUtcMs: number },
): ApiKey {
  return {
    ...identity,
    name: input.name,
    models: input.models ?? null,
    classes: input.classes ?? null,
    requestsPerMinute: input.requestsPerMinute ?? null,
    tokensPerMinute: input.tokensPerMinute ?? null,
    budgetNanoAud: scaled(input.budgetAudPerMonth, NANO_PER_AUD),
    budgetCarbonMg: scaled(input.budgetKgCo2ePerMonth, MG_PER_KG),
    expiresUtcMs: input.expires === undefined ? null : (parseUtcMs(input.expires) as number),
    revokedUtcMs: null,
  };
}

function scaled(value: number | undefined, by: number): number | null {
  return value === undefined ? null : Math.round(value * by);
}

/** What may be shown of a key: all but its hash. */
export function keyView(key: ApiKey) {
  const instant = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  return {
    id: key.id,
    name: key.name,
    models: key.models,
    classes: key.classes,
    requestsPerMinute: key.requestsPerMinute,
    tokensPerMinute: key.tokensPerMinute,
    budgetAudPerMonth: key.budgetNanoAud === null ? null : key.budgetNanoAud / NANO_PER_AUD,
    budgetKgCo2ePerMonth: key.budgetCarbonMg === null ? null : key.budgetCarbonMg / MG_PER_KG,
    created: instant(key.createdUtcMs),
    expires: instant(key.expiresUtcMs),
    revoked: instant(key.revokedUtcMs),
  };
}
export type KeyView = ReturnType<typeof keyView>;

const ID_BYTES = 9;
const SECRET_BYTES = 32;
/** Bytes of randomness {@link writeKey} takes. */
export const KEY_BYTES = ID_BYTES + SECRET_BYTES;
const FORM = /^sk-iso-([0-9a-f]{18})-[0-9a-f]{64}$/;

/** A key from randomness, and the part of it that is no secret. */
export function writeKey(random: Uint8Array): { id: string; key: string } {
  const hex = Array.from(random, (b) => b.toString(16).padStart(2, '0')).join('');
  const id = hex.slice(0, 2 * ID_BYTES);
  return { id, key: `sk-iso-${id}-${hex.slice(2 * ID_BYTES)}` };
}

/** The public part of what may be a key; undefined where it has not a key's form. */
export function keyIdOf(token: string): string | undefined {
  return FORM.exec(token)?.[1];
}

export function isLive(key: ApiKey, nowMs: number): boolean {
  return key.revokedUtcMs === null && (key.expiresUtcMs === null || nowMs < key.expiresUtcMs);
}

/** @param names all that mean the model: a key that may have it by one of them may by all */
export function mayAskFor(
  { models, classes }: Pick<ApiKey, 'models' | 'classes'>,
  names: readonly string[],
  classId: string,
): boolean {
  return (
    (models === null || names.some((name) => models.includes(name))) &&
    (classes === null || classes.includes(classId))
  );
}

/** First instant of the UTC month of an instant, ms: budgets are by calendar month. */
export function monthOf(utcMs: number): number {
  const at = new Date(utcMs);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth());
}

export function nextMonthOf(utcMs: number): number {
  const at = new Date(utcMs);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1);
}
