import { expect, test } from 'vitest';
import { fleetSchema, publicFleet } from '../../../src/core/model/fleet.ts';
import { capacityBySlot, maintenanceSchema } from '../../../src/core/model/maintenance.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { candidateSites } from '../../../src/core/routing/candidates.ts';
import { embeddedInputs } from '../../../src/feeds/embedded/index.ts';
import { assemble, embeddedFleet } from '../support/fleets.ts';
import { totalsOf } from '../support/plans.ts';

const START_MS = Date.parse('2026-03-01T00:00Z');
const window = (from: string, to: string, capacityShare = 0) =>
  maintenanceSchema.parse({ from: `2026-03-01T${from}Z`, to: `2026-03-01T${to}Z`, capacityShare });

test('a slot has what every window that touches it leaves', () => {
  const horizon = { startUtcMs: START_MS, slotCount: 6, slotHours: 1 };
  const windows = [window('01:30', '03:00'), window('02:00', '05:00', 0.5)];
  expect([...capacityBySlot(windows, horizon)]).toEqual([1, 0, 0, 0.5, 0.5, 1]);
  expect([...capacityBySlot([], horizon)]).toEqual([1, 1, 1, 1, 1, 1]);
});

test.each([
  [{ from: '2026-02-30T00:00Z', to: '2026-03-02T00:00Z' }, 'from'],
  [{ from: '2026-03-01T00:00', to: '2026-03-02T00:00Z' }, 'from'],
  [{ from: '2026-03-02T00:00Z', to: '2026-03-02T00:00Z' }, 'to'],
  [{ from: '2026-03-01T00:00Z', to: '2026-03-02T00:00Z', capacityShare: 1.5 }, 'capacityShare'],
])('%o names its fault', (value, path) => {
  expect(maintenanceSchema.safeParse(value).error?.issues[0]?.path).toEqual([path]);
});

test('a plan moves the load of a closed site, in those hours only', () => {
  const fleet = embeddedFleet();
  const j = fleet.sites.findIndex((s) => s.id === 'melbourne');
  fleet.sites[j]!.maintenance = [window('03:00', '06:00'), window('06:00', '08:00', 0.25)];
  expect(fleetSchema.safeParse(fleet).success).toBe(true);
  const { problem, sites } = assemble(fleet, embeddedInputs(publicFleet(fleet), START_MS, 10));
  for (const mode of ['learned', 'supply'] as const) {
    const { flow, unserved, certificate } = solve(problem, sites, { mode });
    expect(certificate.gap).toBeLessThanOrEqual(1e-3);
    const totals = totalsOf(problem, flow)[j]!;
    const K = problem.classCount;
    const load = Array.from({ length: 10 }, (_, t) =>
      problem.sites[j]!.loadPerReqPerS.reduce((sum, s, k) => sum + s * totals[t * K + k]!, 0),
    );
    for (let t = 0; t < 10; t++) {
      if (t >= 3 && t < 6) expect(load[t]).toBe(0);
      else expect(load[t]).toBeGreaterThan(0);
      expect(load[t]).toBeLessThanOrEqual(problem.sites[j]!.maxLoad[t]! * (1 + 1e-12));
    }
    expect(unserved.flatMap((u) => [...u]).reduce((a, b) => a + b, 0)).toBeLessThan(1e-6);
  }
});

test('a router asks a closed site last, whatever an older plan says', () => {
  const fleet = embeddedFleet();
  const zone = fleet.zones.find((z) => z.id === 'melbourne')!;
  fleet.sites.find((s) => s.id === 'melbourne')!.maintenance = [window('03:00', '06:00')];
  const open = publicFleet(fleet);
  const shares = { chat: { melbourne: [['melbourne', 1]] as [string, number][] } };
  const at = (hour: number) =>
    candidateSites(open, zone, 0, shares, 'session', START_MS + hour * 3_600_000);
  expect(at(2)[0]).toBe('melbourne');
  expect(at(4).at(-1)).toBe('melbourne');
  expect(at(4)).toHaveLength(at(2).length);
  expect(at(6)[0]).toBe('melbourne');
});
