import { Hono } from 'hono';
import { costKnowledge } from '../core/accounting/cost-known.ts';
import {
  type ApiKey,
  KEY_BYTES,
  type KeyInput,
  keyInputSchema,
  keyView,
  newKey,
  writeKey,
} from '../core/accounting/keys.ts';
import { sha256Hex } from '../core/accounting/sha256.ts';
import { InvalidInputError } from '../core/model/errors.ts';
import { allKeys, insertKey, MAX_KEYS, revokeKey } from '../store/keys.ts';
import { currentVersion, readPlan } from '../store/plans.ts';
import { type Env, now, referenceAudPerKwh } from './env.ts';
import { fleet } from './fleet.ts';
import { jsonBody } from './json-body.ts';
import { models } from './models.ts';

/** Clients' keys: made, listed, revoked. A key is shown once, when it is made. */
export const adminKeys = new Hono<{ Bindings: Env }>();

adminKeys.get('/', async (c) => c.json({ keys: (await allKeys(c.env.DB)).map(keyView) }));

adminKeys.post('/', async (c) => {
  const input = await jsonBody(c.req.raw, keyInputSchema);
  assertKnown(input);
  const { id, key } = writeKey(crypto.getRandomValues(new Uint8Array(KEY_BYTES)));
  const hash = sha256Hex(key);
  const record = newKey(input, { id, hash, createdUtcMs: now(c.env) });
  const warnings = await budgetWarnings(record, c.env);
  if (!(await insertKey(c.env.DB, record))) {
    return c.json({ error: `there are ${MAX_KEYS} keys, which is the limit` }, 409);
  }
  const made = { key, ...keyView(record), ...(warnings.length > 0 && { warnings }) };
  return c.json(made, 201, { 'cache-control': 'no-store' });
});

adminKeys.delete('/:id', async (c) => {
  const id = c.req.param('id');
  const known = await revokeKey(c.env.DB, id, now(c.env));
  return known ? c.json({ revoked: id }) : c.json({ error: `no key has the id "${id}"` }, 404);
});

/**
 * What a new key's budget in AUD does not count: requests whose cost nobody knows. One that would count
 * none is refused.
 */
async function budgetWarnings(key: ApiKey, env: Env): Promise<string[]> {
  if (key.budgetNanoAud === null || referenceAudPerKwh(env) !== undefined) return [];
  const version = await currentVersion(env.DB);
  const plan = version === undefined ? undefined : await readPlan(env.DB, version);
  const { sites, unknown } = costKnowledge(fleet, key, plan?.siteHours);
  if (unknown.length === 0) return [];
  const all = unknown.length === sites.length;
  const where = all ? (plan ? 'any site' : 'any site before the first plan') : unknown.join(', ');
  const what = `budgetAudPerMonth: the cost of requests at ${where} is unknown`;
  const remedy = 'until sites disclose it or REFERENCE_AUD_PER_KWH is set';
  if (all)
    throw new InvalidInputError('body', [`${what}: the budget would bind nothing, ${remedy}`]);
  return [`${what}, so they do not count, ${remedy}`];
}

/** A key for a misspelt model would open nothing. */
function assertKnown(input: KeyInput): void {
  const known = {
    models: models.map((m) => m.id),
    classes: fleet.classes.map((cls) => cls.id),
  };
  const issues = (['models', 'classes'] as const).flatMap((list) =>
    (input[list] ?? []).flatMap((name, i) =>
      known[list].includes(name)
        ? []
        : [`${list}[${i}]: "${name}" is none of ${known[list].join(', ')}`],
    ),
  );
  if (issues.length > 0) throw new InvalidInputError('body', issues);
}
