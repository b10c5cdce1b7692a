import { expect, test } from 'vitest';
import { type Fleet, publicFleet } from '../../../src/core/model/fleet.ts';
import { solve } from '../../../src/core/optimizer/solve.ts';
import { assembleSites } from '../../../src/core/planning/assemble.ts';
import { type PlanHeader, sharesOf } from '../../../src/core/planning/plan.ts';
import { siteHoursOf } from '../../../src/core/planning/site-hours.ts';
import { planView, type SlotView } from '../../../src/core/planning/view.ts';
import { weighedAud } from '../../../src/core/planning/weighed.ts';
import { untoldSites, whatIf } from '../../../src/core/planning/what-if.ts';
import { assemble, constantInputs, embeddedFleet } from '../support/fleets.ts';

const fleet = embeddedFleet();
const inputs = constantInputs(fleet, { slotCount: 3 });
for (const [j, series] of inputs.sites.entries()) {
  series.tempC.fill(10 + 1.5 * j);
  series.carbonKgPerKwh.fill(0.1 + 0.05 * j);
}

/** A plan by the sites' true costs, as it is stored and shown. */
function planAt(of: Fleet) {
  const { problem, sites } = assemble(of, inputs);
  const { flow } = solve(problem, sites, { gapTarget: 1e-5 });
  const open = publicFleet(of);
  const impacts = assembleSites(of, inputs).map((s) => s.impacts);
  const header = {
    startUtcMs: inputs.startUtcMs,
    slotCount: 3,
    slotHours: 1,
    excluded: [] as PlanHeader['excluded'],
    impactPrices: of.prices,
  } as unknown as PlanHeader;
  const siteHours = [0, 1, 2].map((t) => siteHoursOf(open, inputs, t, impacts));
  const slots = flow.map((f) => sharesOf(open, problem, f));
  return {
    given: { fleet: open, header, siteHours },
    slots: planView(open, { header, slots, siteHours }) as SlotView[],
  };
}

/** Weighed cost of a slot's requests, AUD/h; waiting as the page tells it. */
function costAud({ plan }: SlotView, prices: Fleet['prices']): number {
  return (
    (plan.costAudPerH as number) +
    (plan.carbonKgPerH * prices.carbonAudPerT) / 1000 +
    (plan.waterLPerH * prices.waterAudPerKl) / 1000 +
    (plan.reqPerS * (plan.ttftMs as number) * prices.timeAudPerUserHour) / 1000
  );
}

const live = planAt(fleet);

test.each([
  ['the plan’s own prices', {}],
  ['dear carbon', { carbonAudPerT: 400 }],
  ['dear time and water', { timeAudPerUserHour: 8, waterAudPerKl: 40 }],
])('%s: as good as a plan by the sites’ true costs', (_, tried) => {
  const prices = { ...fleet.prices, ...tried };
  const true_ = planAt({ ...fleet, prices });
  const { slots, certificate } = whatIf(live.given, prices);
  expect(certificate.gap).toBeLessThanOrEqual(1e-3);
  for (const [t, slot] of slots.entries()) {
    const best = costAud(true_.slots[t] as SlotView, prices);
    const weighed = weighedAud(slot.plan, prices) as number;
    expect(weighed).toBeCloseTo(costAud(slot, prices), 6);
    const ratio = weighed / best;
    expect(ratio).toBeGreaterThan(1 - 1e-4);
    expect(ratio).toBeLessThan(1 + 2e-3);
  }
});

test('dearer carbon emits less, and costs more energy or time', () => {
  const dear = whatIf(live.given, { ...fleet.prices, carbonAudPerT: 400 });
  const carbon = (slots: SlotView[]) => slots.reduce((sum, s) => sum + s.plan.carbonKgPerH, 0);
  expect(carbon(dear.slots)).toBeLessThan(0.98 * carbon(live.slots));
});

test('a site that is out stays out', () => {
  const header = { ...live.given.header, excluded: [{ site: 'hobart', reason: 'down' }] };
  const { slots } = whatIf({ ...live.given, header }, fleet.prices);
  const j = fleet.sites.findIndex((s) => s.id === 'hobart');
  for (const slot of slots) expect(slot.sites[j]?.reqPerS).toBe(0);
});

test('nothing is tried where a site keeps its costs', () => {
  const reticent = embeddedFleet();
  for (const site of reticent.sites.slice(0, 1)) site.cost.discloses = 'impacts';
  const { given } = planAt(reticent);
  expect(untoldSites(given)).toEqual(['sydney']);
  expect(() => whatIf(given, fleet.prices)).toThrow('no costs disclosed by sydney');
});
