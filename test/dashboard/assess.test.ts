import { describe, expect, test } from 'vitest';
import { assess } from '../../src/dashboard/assess.ts';
import { difference, figure, percent, signed } from '../../src/dashboard/format.ts';
import { digitsOf } from '../../src/dashboard/scale.ts';
import type { Status } from '../../src/dashboard/types.ts';

const MADE = Date.UTC(2026, 10, 25);
const HOUR = 3_600_000;

function statusWith(change: Partial<NonNullable<Status['plan']>> = {}, rest: Partial<Status> = {}) {
  return {
    fleet: 'test',
    nowUtcMs: MADE + HOUR,
    plan: {
      version: 7,
      runId: 'run',
      createdUtcMs: MADE,
      startUtcMs: MADE,
      slotCount: 24,
      slotHours: 1,
      certificate: { objectiveAud: 10, lowerBoundAud: 9.99, gap: 0.001 },
      rounds: 3,
      stopReason: 'gap',
      excluded: [],
      sites: [],
      unservedShare: 0,
      stale: false,
      ...change,
    },
    sites: [{ id: 'hobart', name: 'Hobart', timeZone: 'Australia/Hobart', gridRegion: 'TAS1' }],
    troubles: [],
    staleInputs: [],
    latestRun: null,
    lastFailure: null,
    ...rest,
  } as unknown as Status;
}

const said = (status: Status) => {
  const { level, sentences } = assess(status);
  return {
    level,
    text: sentences.map((s) => s.map((p) => (typeof p === 'string' ? p : '…')).join('')),
  };
};

describe('how it stands, in plain words', () => {
  test('all well, with the proof', () => {
    const { level, text } = said(statusWith());
    expect(level).toBe('fine');
    expect(text[0]).toMatch(
      /All is well: plan.7, made …, is proven to be within 0.1.% of the optimum/,
    );
  });

  test('a feed that fails is named with what it should have brought, and where', () => {
    const told = { source: 'x', placeholder: false };
    const at = (site: string, weather: object, carbon: object = {}) => ({
      site,
      sources: {
        weather: { ...told, ...weather },
        carbon: { ...told, ...carbon },
        price: told,
        water: told,
      },
    });
    const down = { fault: 'HTTP status 503' };
    const sites = [at('hobart', down, down), at('perth', down)] as NonNullable<
      Status['plan']
    >['sites'];
    const demand = { source: 'counts', placeholder: false, fault: 'D1 is busy' };
    const { level, text } = said(statusWith({ sites, demand }));
    expect(level).toBe('attention');
    expect(text[0]).toMatch(/^Plan.7, made …, lacks the latest weather of all sites, since/);
    expect(text[0]).toContain('(HTTP status 503): older values or means stand in.');
    expect(text[1]).toMatch(/^The plan lacks the latest carbon of Hobart, since/);
    expect(text[2]).toBe('The plan lacks the latest demand (D1 is busy).');
  });

  test('drained sites are named, and no fault', () => {
    const sites = { hobart: { drained: true as const }, perth: { capacityShare: 0.5 } };
    const { level, text } = said(statusWith({ overrides: { revision: 3, sites, prices: {} } }));
    expect(level).toBe('fine');
    expect(text[1]).toBe('Drained: Hobart.');
  });

  test.each([
    ['past its horizon', { stale: true }, {}, /past its horizon/],
    [
      'left out',
      { excluded: [{ site: 'hobart', reason: 'no answer' }] },
      {},
      /without Hobart \(no answer\)/,
    ],
    ['unserved', { unservedShare: 0.02 }, {}, /2.% of requests unserved/],
    [
      'jobs that are lost',
      { jobsFault: 'jobs of plan 6 cannot be read, send them again: not JSON' },
      {},
      /without jobs that are to be sent again.*\(jobs of plan 6 cannot be read/,
    ],
    [
      'a move without limits',
      { rampFault: 'no rise over plan 6 is limited, for it cannot be read' },
      {},
      /move more traffic at once than allowed \(no rise over plan 6/,
    ],
    [
      'short of its target',
      { stopReason: 'deadline' as const },
      {},
      /short of its target: time ran out/,
    ],
    ['inputs', {}, { staleInputs: ['hobart'] }, /no new inputs for Hobart/],
    ['not renewed', {}, { nowUtcMs: MADE + 7 * HOUR }, /not been renewed/],
    [
      'a failed run',
      {},
      { lastFailure: { endedUtcMs: MADE + 1, error: 'boom' } as Status['lastFailure'] },
      /failed …: boom\. Plan.7, made …, serves on/,
    ],
  ])('%s', (_, plan, rest, expected) => {
    const { level, text } = said(statusWith(plan, rest));
    expect(level).toBe('attention');
    expect(text.join('\n')).toMatch(expected);
  });

  test.each([
    [
      [{ site: 'hobart', kind: 'down', sinceUtcMs: MADE }],
      { excluded: [{ site: 'hobart', reason: 'its server is down' }] },
      ['Hobart was found down …. Other sites serve its requests, and the plan does without it.'],
    ],
    [
      [{ site: 'hobart', kind: 'down', sinceUtcMs: MADE }],
      {},
      ['Hobart was found down …. Other sites serve its requests; the plan still counts on it.'],
    ],
    [[{ site: 'hobart', kind: 'failing', sinceUtcMs: MADE }], {}, ['Hobart fails requests']],
    [[{ site: 'hobart', kind: 'slow', sinceUtcMs: MADE }], {}, ['Hobart is far slower']],
    [null, {}, ['Nobody can say whether the sites are up']],
  ] as const)('sites in trouble come first: %j', (troubles, plan, words) => {
    const status = statusWith(plan as object, { troubles: troubles as Status['troubles'] });
    const { level, text } = said(status);
    expect(level).toBe('attention');
    expect(text[0]).toContain(words[0]);
    expect(text[1]).toMatch(/^The plan is well: plan.7/);
    expect(text).toHaveLength(2);
  });

  test('what is drained is not asked, so it is in no trouble', () => {
    const sites = { hobart: { drained: true as const } };
    const troubles = [{ site: 'hobart', kind: 'down' as const, sinceUtcMs: MADE }];
    const overrides = { revision: 3, sites, prices: {} };
    expect(said(statusWith({ overrides }, { troubles })).level).toBe('fine');
  });

  test('no plan', () => {
    expect(said({ ...statusWith(), plan: null })).toMatchObject({ level: 'attention' });
  });
});

test('figures keep three digits and whole thousands', () => {
  expect([0, 0.012345, 9.876, 254.6, 12345.6].map((v) => figure(v))).toEqual([
    '0',
    '0.0123',
    '9.88',
    '255',
    '12,346',
  ]);
  expect(figure(null)).toBe('—');
  expect([0.04, -0.04, 0, 1.25, -1.25].map((v) => signed(v, 1))).toEqual([
    '0.0',
    '0.0',
    '0.0',
    '+1.3',
    '−1.3',
  ]);
  expect(percent(0.1234)).toBe('12.3\u00a0%');
  expect(difference(90, 100)).toBe('10.0\u00a0% less');
  expect(difference(100, 100.01)).toBe('the same');
});

test('marks of an axis have the decimals that tell them apart', () => {
  expect([[0, 500], [1525.4, 1525.6], [0, 0.05], [7]].map(digitsOf)).toEqual([0, 1, 2, 0]);
});
