import { expect, test } from 'vitest';
import { publicFleet } from '../../../src/core/model/fleet.ts';
import { candidateSites } from '../../../src/core/routing/candidates.ts';
import { embeddedFleet } from '../support/fleets.ts';

test('a fairness floor turns no request away: sites beyond it stay the last resort', () => {
  const fleet = { ...publicFleet(embeddedFleet()), fairness: { maxExtraTtftMs: 0 } };
  const hobart = fleet.zones.find((z) => z.id === 'hobart')!;
  const candidates = candidateSites(fleet, hobart, 0, undefined, 'session', 0);
  expect(candidates[0]).toBe('hobart');
  expect(candidates.toSorted()).toEqual(fleet.sites.map((s) => s.id).toSorted());
});
