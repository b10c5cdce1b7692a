import { expect, test } from 'vitest';
import { costKnowledge } from '../../../src/core/accounting/cost-known.ts';
import { publicFleet } from '../../../src/core/model/fleet.ts';
import { assembleSites } from '../../../src/core/planning/assemble.ts';
import { siteHoursOf } from '../../../src/core/planning/site-hours.ts';
import { constantInputs, embeddedFleet } from '../support/fleets.ts';

const any = { models: null, classes: null };

/** What sites tell for a plan of two slots, of which one knows nothing of Perth's. */
function told() {
  const fleet = embeddedFleet();
  const site = (id: string) => fleet.sites.find((s) => s.id === id) as (typeof fleet.sites)[number];
  site('hobart').cost.discloses = 'impacts';
  site('darwin').cost.discloses = 'costs';
  const inputs = constantInputs(fleet, { slotCount: 2 });
  const impacts = assembleSites(fleet, inputs).map((p) => p.impacts);
  const perth = fleet.sites.findIndex((s) => s.id === 'perth');
  const later = impacts.map((own, j) => (j === perth ? undefined : own));
  const open = publicFleet(fleet);
  return {
    fleet: open,
    hours: [siteHoursOf(open, inputs, 0, impacts), siteHoursOf(open, inputs, 1, later)],
  };
}

test('costs are known where a site told its energy for every slot of the plan', () => {
  const { fleet, hours } = told();
  const known = costKnowledge(fleet, any, hours);
  expect(known.sites).toEqual(fleet.sites.map((s) => s.id));
  expect(known.unknown.sort()).toEqual(['darwin', 'hobart', 'perth']);
});

test('without a plan, or one that kept no hours, nowhere', () => {
  const { fleet } = told();
  const { sites, unknown } = costKnowledge(fleet, any, undefined);
  expect(unknown).toEqual(sites);
});

test('only sites that serve what the key is for count', () => {
  const { fleet, hours } = told();
  const [cls] = fleet.classes;
  const model = cls?.model as string;
  for (const site of fleet.sites) {
    if (site.id !== 'sydney') delete site.upstream.models[model];
  }
  expect(costKnowledge(fleet, { ...any, models: [model] }, hours)).toEqual({
    sites: ['sydney'],
    unknown: [],
  });
  expect(costKnowledge(fleet, { ...any, classes: [cls?.id as string] }, hours).sites).toEqual([
    'sydney',
  ]);
});
