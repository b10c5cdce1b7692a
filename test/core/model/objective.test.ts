import { expect, test } from 'vitest';
import {
  eligibleSites,
  plannableSites,
  unloadedTtftMs,
} from '../../../src/core/model/eligibility.ts';
import {
  type PublicFleet,
  type PublicSite,
  publicFleet,
  type Zone,
} from '../../../src/core/model/fleet.ts';
import { objectiveAud, resourceAud } from '../../../src/core/model/objective.ts';
import { embeddedFleet } from '../support/fleets.ts';

const prices = {
  carbonAudPerT: 75,
  waterAudPerKl: 3,
  timeAudPerUserHour: 1,
  unservedAudPerRequest: 0.05,
  lateAudPerRequest: 0,
};
const nothing = {
  energyAud: 0,
  carbonKg: 0,
  waterL: 0,
  userHours: 0,
  unservedRequests: 0,
  lateAud: 0,
};

test('each weight is a price: one tonne, one kilolitre, one hour, one request', () => {
  expect(objectiveAud(prices, { ...nothing, energyAud: 12 })).toBe(12);
  expect(objectiveAud(prices, { ...nothing, carbonKg: 1000 })).toBe(75);
  expect(objectiveAud(prices, { ...nothing, waterL: 1000 })).toBe(3);
  expect(objectiveAud(prices, { ...nothing, userHours: 1 })).toBe(1);
  expect(objectiveAud(prices, { ...nothing, unservedRequests: 1 })).toBe(0.05);
  expect(objectiveAud(prices, { ...nothing, lateAud: 2 })).toBe(2);
});

test('the parts add up', () => {
  const all = {
    lateAud: 0.5,
    energyAud: 1,
    carbonKg: 10,
    waterL: 100,
    userHours: 2,
    unservedRequests: 3,
  };
  expect(objectiveAud(prices, all)).toBeCloseTo(1 + 0.75 + 0.3 + 2 + 0.15 + 0.5, 12);
  expect(resourceAud(prices, 10, 100)).toBeCloseTo(1.05, 12);
});

test('eligibility: state, residency, model and SLO each rule a site out', () => {
  const fleet = publicFleet(embeddedFleet());
  const sydney = fleet.zones[0]!;
  const perth = fleet.sites.find((s) => s.id === 'perth')!;
  const isEligible = (all: PublicFleet, zone: Zone, site: PublicSite, k: number) =>
    eligibleSites({ ...all, sites: [site] }, zone, k).length === 1;
  expect(isEligible(fleet, sydney, perth, 0)).toBe(true);
  expect(isEligible(fleet, sydney, { ...perth, state: 'drained' }, 0)).toBe(false);
  expect(isEligible(fleet, { ...sydney, allowedSites: ['hobart'] }, perth, 0)).toBe(false);
  expect(isEligible(fleet, { ...sydney, allowedSites: ['perth'] }, perth, 0)).toBe(true);
  const deaf = { ...perth, upstream: { ...perth.upstream, models: {} } };
  expect(isEligible(fleet, sydney, deaf, 0)).toBe(false);
  const ttftMs = unloadedTtftMs(sydney, perth, fleet.classes, 0);
  const withSlo = (ttftSloMs: number) => ({
    ...fleet,
    classes: fleet.classes.map((c) => ({ ...c, ttftSloMs })),
  });
  expect(isEligible(withSlo(ttftMs), sydney, perth, 0)).toBe(true);
  expect(isEligible(withSlo(ttftMs - 0.001), sydney, perth, 0)).toBe(false);
  expect(isEligible(fleet, sydney, perth, 7)).toBe(false);
  expect(() => unloadedTtftMs(sydney, perth, fleet.classes, 7)).toThrow(RangeError);
});

test('fairness: plans use no site that is slower than the fastest by more than the floor', () => {
  const fleet = publicFleet(embeddedFleet());
  const sydney = fleet.zones[0]!;
  const msOf = (j: number) => unloadedTtftMs(sydney, fleet.sites[j]!, fleet.classes, 0);
  const all = plannableSites(fleet, sydney, 0);
  expect(all.map((s) => s.site)).toEqual(fleet.sites.map((_, j) => j));
  const fastest = Math.min(...all.map((s) => s.unloadedTtftMs));
  const sitesAt = (maxExtraTtftMs: number, zone = sydney) =>
    plannableSites({ ...fleet, fairness: { maxExtraTtftMs } }, zone, 0).map((s) => s.site);
  for (const extra of [0, 5, 15, 40, 1000]) {
    const allowed = fleet.sites.flatMap((_, j) => (msOf(j) <= fastest + extra ? [j] : []));
    expect(sitesAt(extra)).toEqual(allowed);
  }
  expect(sitesAt(0)).toEqual([0]);
  // A zone's own floor comes before the fleet's, in either direction.
  expect(sitesAt(1000, { ...sydney, fairness: { maxExtraTtftMs: 0 } })).toEqual([0]);
  expect(sitesAt(0, { ...sydney, fairness: { maxExtraTtftMs: 1000 } })).toHaveLength(14);
  // The fastest is the fastest of those that are eligible, so some site always remains.
  const drained = {
    ...fleet,
    sites: fleet.sites.map((s, j) => (j === 0 ? { ...s, state: 'drained' as const } : s)),
    fairness: { maxExtraTtftMs: 0 },
  };
  expect(plannableSites(drained, sydney, 0)).toHaveLength(1);
});

test('a zone uses the nearest of its eligible sites, as many as the fleet says', () => {
  const fleet = publicFleet(embeddedFleet());
  const ids = (all: PublicFleet) =>
    eligibleSites(all, all.zones[0]!, 0).map(({ site }) => all.sites[site]!.id);
  expect(ids(fleet)).toHaveLength(fleet.sites.length);
  expect(ids({ ...fleet, sitesPerZone: 3 })).toEqual(ids(fleet).slice(0, 3));
  const drained = fleet.sites.map((s) =>
    s.id === 'sydney' ? { ...s, state: 'drained' as const } : s,
  );
  expect(ids({ ...fleet, sites: drained, sitesPerZone: 3 })).toEqual(ids(fleet).slice(1, 4));
});
