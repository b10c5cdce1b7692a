import { z } from 'zod';
import {
  type ObjectivePrices,
  objectivePriceSchemas,
  type PublicFleet,
  type PublicSite,
} from './fleet.ts';
import { registryId } from './registry-id.ts';

/**
 * What an operator sets over the registry while the system runs. A site can only be given less than
 * its registry has: its own solver knows nothing of it but the limit it is told in a round.
 */

/** Fields of a site, and the values they may be set to. */
export const siteOverrideSchemas = {
  /** No plan gives it anything, and no router sends it a new request. */
  drained: z.literal(true),
  /** Share of its capacity that plans may load it with. */
  capacityShare: z.number().min(0.01).max(1),
};
const siteOverrideSchema = z.object(siteOverrideSchemas).partial();
export type SiteOverride = z.output<typeof siteOverrideSchema>;

/** As plans keep it, hence without refusing what a later version set. */
export const overridesSchema = z.object({
  /** Grows with every change; 0 before the first. */
  revision: z.int().min(0),
  sites: z.record(registryId, siteOverrideSchema),
  prices: z.object(objectivePriceSchemas).partial(),
});
export type Overrides = z.output<typeof overridesSchema>;

/** Subject of what is set for the whole fleet; no site's id. */
export const FLEET = '*';

/** One field as it was last set. */
export interface OverrideEntry {
  /** A site's id, or {@link FLEET} for a price of the objective. */
  subject: string;
  field: string;
  /** Null: as the registry has it. */
  value: unknown;
  revision: number;
}

/**
 * All fields together. Entries of fields or values this version does not know are passed over: what
 * a later version stored must not stop an earlier one.
 */
export function overridesOf(entries: Iterable<OverrideEntry>): Overrides {
  const all: Overrides = { revision: 0, sites: {}, prices: {} };
  const sorted = [...entries].sort((a, b) => a.revision - b.revision);
  for (const { subject, field, value, revision } of sorted) {
    all.revision = Math.max(all.revision, revision);
    const schemas: Record<string, z.ZodType> =
      subject === FLEET ? objectivePriceSchemas : siteOverrideSchemas;
    const read = Object.hasOwn(schemas, field) ? schemas[field]?.safeParse(value) : undefined;
    if (!read?.success) continue;
    if (subject === FLEET) {
      all.prices[field as keyof ObjectivePrices] = read.data as number;
    } else {
      all.sites[subject] = { ...all.sites[subject], [field]: read.data };
    }
  }
  return all;
}

/** What an operator did to a site. */
export type SiteOrder = 'drained' | 'undrained' | 'limit changed';

/** What was done to sites between two settings, as far as it bears on their load; by site id. */
export function ordersBetween(
  before: Overrides | undefined,
  after: Overrides | undefined,
): Record<string, SiteOrder> {
  const [earlier, later] = [before?.sites ?? {}, after?.sites ?? {}];
  const orders: Record<string, SiteOrder> = {};
  for (const id of new Set([...Object.keys(earlier), ...Object.keys(later)])) {
    const [was, is] = [earlier[id], later[id]];
    if (was?.drained !== is?.drained) orders[id] = is?.drained ? 'drained' : 'undrained';
    else if (!is?.drained && was?.capacityShare !== is?.capacityShare) orders[id] = 'limit changed';
  }
  return orders;
}

/** Fleets made lately, by what was set: routing and planning keep what they know by the fleet's object. */
const made = new WeakMap<PublicFleet, Map<string, PublicFleet>>();
/** A run under way goes on with what was set when it began, beside the router's latest. */
const KEPT = 4;

/**
 * The fleet as the operator wants it: the registry's own object where nothing is set, and the same
 * object for the same settings.
 */
export function applyOverrides(fleet: PublicFleet, overrides: Overrides | undefined): PublicFleet {
  const { sites = {}, prices = {} } = overrides ?? {};
  const isSet = ({ id }: PublicSite) => sites[id] !== undefined;
  if (Object.keys(prices).length === 0 && !fleet.sites.some(isSet)) return fleet;
  const text = JSON.stringify([sites, prices]);
  const known = made.get(fleet) ?? new Map<string, PublicFleet>();
  made.set(fleet, known);
  const kept = known.get(text);
  if (kept) return kept;
  const applied: PublicFleet = {
    ...fleet,
    prices: { ...fleet.prices, ...prices },
    sites: fleet.sites.map((site) => overridden(site, sites[site.id])),
  };
  known.set(text, applied);
  for (const oldest of known.keys()) {
    if (known.size <= KEPT) break;
    known.delete(oldest);
  }
  return applied;
}

function overridden(site: PublicSite, override: SiteOverride | undefined): PublicSite {
  if (override?.drained) return { ...site, state: 'drained', capacityShare: 0 };
  const { capacityShare } = override ?? {};
  return capacityShare === undefined ? site : { ...site, capacityShare };
}
