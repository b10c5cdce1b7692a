import { env } from 'cloudflare:workers';
import { expect, test } from 'vitest';
import { unloadedTtftMs } from '../../src/core/model/eligibility.ts';
import { siteWork } from '../../src/core/model/site-power.ts';
import { assembleDispatch } from '../../src/core/planning/assemble.ts';
import { Ledger } from '../../src/core/planning/ledger.ts';
import type { Plan } from '../../src/core/planning/plan.ts';
import { currentVersion, readPlan } from '../../src/store/plans.ts';
import { fleet } from '../../src/workers/fleet.ts';
import { refreshInputs } from '../../src/workers/inputs.ts';
import { ruledContinent } from '../core/support/ruled.ts';
import { runToEnd } from '../workers/support/runs.ts';

/** One plan of real Workers, held against every rule of its registry at once. */

/** With the sites' own cost data; windows as the Workers have them. */
const whole = ruledContinent(Date.now());
whole.sites.forEach((site, j) => {
  site.maintenance = fleet.sites[j]?.maintenance;
});

test('maintenance, residency, fairness, headroom and a price of lateness hold together', async () => {
  const run = await runToEnd();
  expect(run).toMatchObject({ status: 'published' });
  const version = (await currentVersion(env.DB)) as number;
  const { header, slots } = (await readPlan(env.DB, version)) as Plan;
  const { startUtcMs, slotCount, certificate } = header;
  const inputs = await refreshInputs(env.DB, fleet, startUtcMs, slotCount);
  const problem = assembleDispatch(fleet, inputs, inputs.demandReqPerS);
  const rows = problem.rowStart.length - 1;
  const K = fleet.classes.length;
  const work = fleet.sites.map((site) => siteWork(site, fleet.classes));
  const indexOf = new Map(fleet.sites.map(({ id }, j) => [id, j]));
  const counted = { closed: 0, limited: 0, headroom: 0, resident: 0, unfair: 0 };

  const flow = slots.map((slot, t) => {
    const of = new Float64Array(problem.edgeSite.length);
    const load = new Float64Array(fleet.sites.length);
    fleet.zones.forEach((zone, i) => {
      fleet.classes.forEach((cls, k) => {
        const r = i * K + k;
        const shares = slot[cls.id]?.[zone.id] ?? [];
        const ttftMs = (j: number) =>
          unloadedTtftMs(zone, fleet.sites[j] as (typeof fleet.sites)[number], fleet.classes, k);
        const allowed = fleet.sites.flatMap(({ id }, j) =>
          (zone.allowedSites ?? [id]).includes(id) && ttftMs(j) <= (cls.ttftSloMs as number)
            ? [j]
            : [],
        );
        const latestMs = Math.min(...allowed.map(ttftMs)) + 12;
        counted.unfair += allowed.filter((j) => ttftMs(j) > latestMs).length;
        counted.resident += zone.allowedSites ? shares.length : 0;
        for (const [id, share] of shares) {
          const j = indexOf.get(id) as number;
          expect(allowed).toContain(j);
          expect(ttftMs(j)).toBeLessThanOrEqual(latestMs);
          const reqPerS = share * (inputs.demandReqPerS[t * rows + r] as number);
          load[j] = (load[j] as number) + reqPerS * (work[j]?.[k]?.serverS as number);
          for (let e = problem.rowStart[r] as number; e < (problem.rowStart[r + 1] as number); e++)
            if (problem.edgeSite[e] === j) of[e] = reqPerS;
        }
      });
    });
    const hourMs = startUtcMs + t * 3_600_000;
    fleet.sites.forEach(
      ({ maintenance = [], hardware, maxUtilisation, headroomServers = 0 }, j) => {
        const now = maintenance.find(
          ({ from, to }) => Date.parse(from) <= hourMs && hourMs < Date.parse(to),
        );
        const whole = (now?.capacityShare ?? 1) * hardware.servers * maxUtilisation;
        if (now?.capacityShare === 0) {
          counted.closed++;
          expect(load[j]).toBe(0);
          return;
        }
        // Shares are rounded.
        expect(load[j]).toBeLessThanOrEqual((whole - headroomServers) * (1 + 1e-4));
        if (now) counted.limited++;
        if (headroomServers > 0 && (load[j] as number) > 0.99 * (whole - headroomServers)) {
          counted.headroom++;
        }
      },
    );
    return of;
  });

  // Each of them was there to be kept.
  expect(counted.closed).toBe(8 * 4);
  expect(counted.limited).toBe(8 * 5);
  for (const count of Object.values(counted)) expect(count).toBeGreaterThan(0);
  // And what the plan costs has late requests in it, at their price.
  const charge = (priced: typeof whole) => {
    const ledger = new Ledger(priced);
    const unserved = flow.map(() => new Float64Array(rows));
    ledger.add(problem, inputs, flow, unserved);
    return ledger.totals().objectiveAud;
  };
  const objectiveAud = charge(whole);
  const rounding = 1e-4 * certificate.objectiveAud;
  expect(certificate.gap).toBeLessThanOrEqual(1e-3);
  expect(objectiveAud).toBeLessThanOrEqual(certificate.objectiveAud + rounding);
  expect(objectiveAud).toBeGreaterThanOrEqual(certificate.lowerBoundAud - rounding);
  const free = charge({ ...whole, prices: { ...whole.prices, lateAudPerRequest: 0 } });
  expect(objectiveAud - free).toBeGreaterThan(5 * (certificate.gap * objectiveAud + rounding));
});
