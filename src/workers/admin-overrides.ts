import { Hono } from 'hono';
import { eligibleSites } from '../core/model/eligibility.ts';
import { InvalidInputError } from '../core/model/errors.ts';
import type { PublicFleet } from '../core/model/fleet.ts';
import { pricesChangeSchema, shareFault, siteChangeSchema } from '../core/model/override-input.ts';
import { applyOverrides, FLEET, overridesOf } from '../core/model/overrides.ts';
import {
  type OverrideChange,
  overridesChangedSince,
  readOverrides,
  recentChanges,
  setOverrides,
} from '../store/overrides.ts';
import { type Env, now } from './env.ts';
import { fleet } from './fleet.ts';
import { jsonBody } from './json-body.ts';
import { planSoon } from './optimize.ts';
import { overlay } from './overlay.ts';

/** What operators set over the registry: sites drained or limited, prices of the objective. */
export const adminOverrides = new Hono<{ Bindings: Env }>();

const CHANGES_SHOWN = 200;
/** Zones and classes without a site that an answer names. */
const MAX_WARNINGS = 20;

adminOverrides.patch('/sites/:id', async (c) => {
  const id = c.req.param('id');
  const site = fleet.sites.find((s) => s.id === id);
  if (site === undefined) return c.json({ error: `no site has the id "${id}"` }, 404);
  const { drained, capacityShare, ...by } = await jsonBody(c.req.raw, siteChangeSchema);
  const fault = capacityShare ? shareFault(site, capacityShare) : undefined;
  if (fault) throw new InvalidInputError('body', [`capacityShare: ${fault}`]);
  const fields = { drained: drained === false ? null : drained, capacityShare };
  const { overrides, warnings } = await set(c.env, id, fields, by);
  const { state } = applyOverrides(fleet, overrides).sites.find((s) => s.id === id) ?? site;
  const { revision } = overrides;
  return c.json({ site: id, revision, state, override: overrides.sites[id] ?? null, warnings });
});

/** Prices that hold, those of the registry, and what is set over them. */
adminOverrides.get('/objective', async (c) => c.json(objectiveView(await readOverrides(c.env.DB))));

adminOverrides.patch('/objective', async (c) => {
  const { author, reason, ...prices } = await jsonBody(c.req.raw, pricesChangeSchema);
  const { overrides } = await set(c.env, FLEET, prices, { author, reason });
  return c.json(objectiveView(overrides));
});

adminOverrides.get('/changes', async (c) =>
  c.json({ changes: await recentChanges(c.env.DB, CHANGES_SHOWN) }),
);

function objectiveView(overrides: Awaited<ReturnType<typeof readOverrides>>) {
  const { revision, prices } = overrides;
  return {
    revision,
    prices: applyOverrides(fleet, overrides).prices,
    registry: fleet.prices,
    overrides: prices,
  };
}

/** Sets what is new of a subject's fields, and has it planned with. */
async function set(
  env: Env,
  subject: string,
  fields: Record<string, unknown>,
  by: { author?: string; reason?: string },
) {
  const before = await overridesChangedSince(env.DB, 0);
  const held = (field: string) =>
    before.find((e) => e.subject === subject && e.field === field)?.value ?? null;
  const changes = Object.entries(fields).flatMap(([field, value]): OverrideChange[] =>
    value === undefined || value === held(field) ? [] : [{ subject, field, value }],
  );
  if (changes.length > 0) {
    await setOverrides(env.DB, changes, { ...by, utcMs: now(env) });
    overlay.expire();
    await planSoon(env, 'override');
  }
  const overrides = changes.length > 0 ? await readOverrides(env.DB) : overridesOf(before);
  return { overrides, warnings: nobodyLeft(applyOverrides(fleet, overrides)) };
}

/** Whom nobody may serve any more, by what is set. */
function nobodyLeft(inForce: PublicFleet): string[] {
  const lost = fleet.zones.flatMap((zone) =>
    fleet.classes.flatMap((cls, k) =>
      eligibleSites(inForce, zone, k).length === 0 && eligibleSites(fleet, zone, k).length > 0
        ? [`no site is left that may serve class ${cls.id} of zone ${zone.id}`]
        : [],
    ),
  );
  const more = lost.length - MAX_WARNINGS;
  return more > 0 ? [...lost.slice(0, MAX_WARNINGS), `and ${more} more`] : lost;
}
