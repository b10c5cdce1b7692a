import { z } from 'zod';
import type { PublicFleet, PublicSite, Zone } from './fleet.ts';
import { estimateRttMs } from './geo.ts';
import { type HardwareProfile, hardwareProfiles } from './hardware.ts';
import { registryId } from './registry-id.ts';

/** How fast a site is found to be, beside what the registry has it for (core/learning). */

/**
 * How far a site may be from its registry entry, as a factor either way. A time beyond it is one that
 * waited, hung or was mended by a retry inside the site, and is taken for no more than that. Wide, for
 * a model of a tenth of the size that the profiles are of decodes several times as fast.
 */
export const SPEED_SPAN = 8;

const times = z
  .number()
  .min(1 / SPEED_SPAN)
  .max(SPEED_SPAN);

/** What of it bears on a site's own work: all that its solver is told. */
export const workSpeedSchema = z.strictObject({
  /** Time of a prompt, and of a decode step, over that of the registry's hardware. */
  prefill: times,
  decode: times,
});
export type WorkSpeed = z.output<typeof workSpeedSchema>;

export const siteSpeedSchema = workSpeedSchema.extend({
  /** By zone, ms: network, and what the site needs before it begins. Others: as the places are apart. */
  rttMs: z.record(registryId, z.number().min(0).max(60_000)),
});
export type SiteSpeed = z.output<typeof siteSpeedSchema>;

/** The same with what it is made of: standard errors, streams (recent ones count for more), age. */
export const measuredSpeedSchema = siteSpeedSchema.extend({
  prefillSe: z.number().min(0),
  decodeSe: z.number().min(0),
  streams: z.number().min(0),
  /** Since the end of the last hour with any, h. */
  ageH: z.number().min(0),
});
export type MeasuredSpeed = z.output<typeof measuredSpeedSchema>;

/** A site as far as its speed goes. */
export type Speedy = Pick<PublicSite, 'hardware' | 'speed'>;

const scaled = (curve: HardwareProfile['prefillMs'], factor: number) =>
  curve.map(([at, ms]) => [at, ms * factor] as const);

/** The site's hardware, as fast as it is known to be. Powers are the registry's: it draws them for longer. */
export function hardwareOf({ hardware, speed }: Speedy): HardwareProfile {
  const hw = hardwareProfiles[hardware.profile];
  if (speed === undefined) return hw;
  return {
    ...hw,
    prefillMs: scaled(hw.prefillMs, speed.prefill),
    decodeStepMs: scaled(hw.decodeStepMs, speed.decode),
  };
}

/** Network round trip of a zone and a site, ms: measured, else by how far they are apart. */
export function rttMs(zone: Zone, site: PublicSite): number {
  return site.speed?.rttMs?.[zone.id] ?? estimateRttMs(zone, site);
}

/** The fleet with what is known of its sites' speeds; the same object where nothing is. */
export function applySpeeds(
  fleet: PublicFleet,
  speeds: Readonly<Record<string, SiteSpeed>> | undefined,
): PublicFleet {
  if (speeds === undefined || !fleet.sites.some((s) => speeds[s.id])) return fleet;
  let known = made.get(speeds);
  if (known === undefined) {
    known = new WeakMap();
    made.set(speeds, known);
  }
  let applied = known.get(fleet);
  if (applied === undefined) {
    const sites = fleet.sites.map((site) => {
      const speed = speeds[site.id];
      return speed ? { ...site, speed } : site;
    });
    applied = { ...fleet, sites };
    known.set(fleet, applied);
  }
  return applied;
}

/** What is known of a fleet is kept by its object, so the same speeds make the same one. */
const made = new WeakMap<object, WeakMap<PublicFleet, PublicFleet>>();
