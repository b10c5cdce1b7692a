import { describe, expect, test } from 'vitest';
import fleetJson from '../../../config/fleet.json' with { type: 'json' };
import publicJson from '../../../config/fleet.public.json' with { type: 'json' };
import { InvalidInputError, parseInput } from '../../../src/core/model/errors.ts';
import { fleetSchema, publicFleet, publicFleetSchema } from '../../../src/core/model/fleet.ts';
import { solverBindingName, solverServiceName } from '../../../src/core/model/solver-name.ts';

type Json = Record<string, unknown>;

/** Faults of the embedded fleet after a change. */
function faults(
  change: (fleet: typeof fleetJson & Json) => void,
  showValues = false,
): readonly string[] {
  const copy = structuredClone(fleetJson) as typeof fleetJson & Json;
  change(copy);
  try {
    parseInput(fleetSchema, copy, 'fleet.json', showValues);
    return [];
  } catch (error) {
    if (error instanceof InvalidInputError) return error.issues;
    throw error;
  }
}

test('the embedded fleet is valid, and has the fourteen sites of the facts', () => {
  const fleet = fleetSchema.parse(fleetJson);
  expect(fleet.sites).toHaveLength(14);
  expect(fleet.zones).toHaveLength(14);
  const sydney = fleet.zones[0]!;
  expect([sydney.latDeg, sydney.lonDeg, sydney.population]).toEqual([-33.868, 151.209, 5557233]);
  expect(fleet.sites.map((s) => s.gridRegion)).toEqual([
    'NSW1',
    'VIC1',
    'QLD1',
    'WEM',
    'SA1',
    'QLD1',
    'NSW1',
    'NSW1',
    'NSW1',
    'TAS1',
    'QLD1',
    'QLD1',
    'NT',
    'TAS1',
  ]);
  for (const shape of Object.values(fleet.demand.hourlyShape)) {
    expect(shape.reduce((a, b) => a + b, 0) / 24).toBeCloseTo(1, 3);
  }
});

test('the public fleet keeps no cost', () => {
  const fleet = publicFleet(fleetSchema.parse(fleetJson));
  expect(JSON.stringify(fleet)).not.toMatch(/tariff|cooling|rateAud/);
  expect(publicFleetSchema.parse(publicJson)).toEqual(publicFleetSchema.parse(fleet));
});

test('of a tariff it says whether wholesale prices count, and no more', () => {
  const fleet = fleetSchema.parse(fleetJson);
  fleet.sites[2]!.cost.tariff = { kind: 'spot', networkAudPerKwh: 0.07, fallbackAudPerKwh: 0.15 };
  const open = publicFleet(fleet);
  expect(open.sites.map((s) => s.paysSpot === true).indexOf(true)).toBe(2);
  expect(JSON.stringify(open)).not.toMatch(/AudPerKwh/);
  expect(publicFleetSchema.parse(open).sites[2]?.paysSpot).toBe(true);
});

describe('errors name the path', () => {
  test('deep in a site', () => {
    const lines = faults((f) => {
      Object.assign(f.sites[3]!.cost, { cooling: { kind: 'fixed', ppue: 0.5 } });
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^sites\[3\]\.cost\.cooling\.ppue: /);
  });

  test('several at once, in their order', () => {
    const lines = faults((f) => {
      f.zones[1]!.population = -1;
      f.sites[0]!.latDeg = 91;
      f.sites[2]!.timeZone = 'Mars/Olympus';
      f.sites[5]!.hardware.servers = 1.5;
    });
    expect(lines.map((l) => l.slice(0, l.indexOf(':')))).toEqual([
      'zones[1].population',
      'sites[0].latDeg',
      'sites[2].timeZone',
      'sites[5].hardware.servers',
    ]);
    expect(lines[2]).toBe(
      'sites[2].timeZone: must be an IANA time zone such as Europe/Oslo, is "Mars/Olympus"',
    );
  });

  test('sites of one solver in two regions', () => {
    const lines = faults((f) => {
      Object.assign(f.sites[0]!, { solver: 'east' });
      Object.assign(f.sites[1]!, { solver: 'east' });
      f.sites[1]!.placementRegion = 'aws:us-east-1';
      // A site may be answered for by another's solver.
      Object.assign(f.sites[3]!, { solver: f.sites[2]!.id });
      f.sites[3]!.placementRegion = f.sites[2]!.placementRegion;
    });
    expect(lines).toEqual([
      expect.stringMatching(
        /^sites\[1\]\.placementRegion: "aws:us-east-1" is not that of "sydney"/,
      ),
    ]);
  });

  test('unknown and missing fields', () => {
    const lines = faults((f) => {
      Object.assign(f.sites[1]!, { colour: 'red' });
      delete (f as Json).prices;
    });
    expect(lines.some((l) => l.startsWith('prices: '))).toBe(true);
    expect(lines.some((l) => l.startsWith('sites[1]: ') && l.includes('colour'))).toBe(true);
  });

  test('the root, when it is no object at all', () => {
    expect(() => parseInput(fleetSchema, 7, 'fleet.json')).toThrow(/^fleet\.json: \(root\): /);
  });

  test.each([
    ['ids used twice', 'sites[1].id: "sydney" is used twice'],
    ['a residency that is no site', 'zones[4].allowedSites[1]: "mars" is not a site of this fleet'],
    ['a model in two classes', 'classes[1].model: "isotherm-chat" is used twice'],
    ['a class without demand', 'demand.meanReqPerSPerMillion: has no entry for class "code"'],
    ['a model nobody serves', 'classes: no site serves model "isotherm-chat" of class "chat"'],
  ])('%s', (what, expected) => {
    const lines = faults((f) => {
      if (what.startsWith('ids')) f.sites[1]!.id = 'sydney';
      if (what.startsWith('a residency')) {
        Object.assign(f.zones[4]!, { allowedSites: ['perth', 'mars'] });
      }
      if (what.startsWith('a model in')) f.classes[1]!.model = 'isotherm-chat';
      if (what.startsWith('a class')) delete (f.demand.meanReqPerSPerMillion as Json).code;
      if (what.startsWith('a model nobody')) {
        for (const s of f.sites) delete (s.upstream.models as Json)['isotherm-chat'];
      }
    });
    expect(lines.some((l) => l.startsWith(expected))).toBe(true);
  });

  test('of a class that may wait, has an SLO too, or neither', () => {
    const changed = (change: object) => faults((f) => Object.assign(f.classes[1]!, change), true);
    expect(changed({ ttftSloMs: undefined, maxDelayHours: 8 })).toEqual([]);
    expect(changed({ maxDelayHours: 8 })).toEqual([
      'classes[1].maxDelayHours: does not go with ttftSloMs: work that may wait has no time to first token',
    ]);
    expect(changed({ ttftSloMs: undefined })).toEqual([
      'classes[1].ttftSloMs: is missing: a class has this, or maxDelayHours if its work may wait',
    ]);
    expect(changed({ ttftSloMs: undefined, maxDelayHours: 0.5 })[0]).toBe(
      'classes[1].maxDelayHours: must be a whole number, is 0.5',
    );
    expect(changed({ ttftSloMs: undefined, maxDelayHours: 0 })[0]).toMatch(
      /^classes\[1\]\.maxDelayHours: must be at least 1/,
    );
  });

  test('and say what is expected; the value found only where asked for', () => {
    const spoil = (f: typeof fleetJson) => {
      f.sites[0]!.latDeg = 91;
      f.sites[1]!.hardware.servers = 1.5;
      Object.assign(f.sites[2]!, { state: 'on', name: '', lonDeg: undefined });
      Object.assign(f.sites[3]!.cost, { cooling: { kind: 'ice' } });
      f.sites[4]!.upstream.baseUrl = 'ftp://perth.example';
      f.demand.hourlyShape.chat.pop();
      Object.assign(f.prices, { surprise: 1 });
    };
    const found = faults(spoil, true);
    expect(found).toEqual(
      expect.arrayContaining([
        'sites[0].latDeg: must be at most 90, is 91',
        'sites[1].hardware.servers: must be a whole number, is 1.5',
        'sites[2].state: must be one of "active", "drained", is "on"',
        'sites[2].name: must not be empty',
        'sites[2].lonDeg: is missing, must be a number',
        expect.stringMatching(/^sites\[3\]\.cost\.cooling\.kind: must be one of "mixed-mode", /),
        'sites[4].upstream.baseUrl: must be an http or https URL',
        'demand.hourlyShape.chat: must have exactly 24 entries, has 23',
        'prices: has "surprise", which it must not',
      ]),
    );
    expect(faults(spoil)).toContain('sites[0].latDeg: must be at most 90');
  });

  test('an hourly shape of 23 hours', () => {
    expect(faults((f) => f.demand.hourlyShape.chat.pop())[0]).toMatch(
      /^demand\.hourlyShape\.chat: /,
    );
  });
});

test('solver names', () => {
  expect(solverServiceName('gold-coast')).toBe('isotherm-site-gold-coast');
  expect(solverBindingName('gold-coast')).toBe('SOLVER_GOLD_COAST');
});
