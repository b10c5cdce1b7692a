import type { ReportDocument } from '../../../src/cli/report-document.ts';
import { type Change, metrics } from '../../../src/core/evidence/compare.ts';
import { NO_SUMS } from '../../../src/core/planning/span-sums.ts';
import {
  type MapChanges,
  mapCooling,
  mapSlack,
  mapTariffs,
} from '../../../src/sim/evidence/map.ts';
import { ALIKE, MARGINAL } from '../../../src/sim/evidence/sensitivity.ts';
import { dice } from '../../core/support/random.ts';

/** A report with every section filled by random figures, as a run of a year would fill them. */
export function reportFixture(): ReportDocument {
  const d = dice(3);
  const change = (): Change =>
    Object.fromEntries(
      metrics.map((m) => {
        const value = d.uniform(-12, 4);
        return [m, { value, low: value - d.uniform(0, 2), high: value + d.uniform(0, 2) }];
      }),
    ) as Change;
  const changes = (): MapChanges => ({
    days: 30,
    awareness: change(),
    joint: change(),
    coolest: change(),
  });
  const ids = ['isotherm', 'fixed-ppue', 'nearest', 'green-llm-like'];
  const table = () => ({
    days: 365,
    rows: ids.map((policy, n) => ({
      ...NO_SUMS,
      policy,
      objectiveAud: d.uniform(4e5, 5e5),
      energyCostAud: d.uniform(2e5, 3e5),
      facilityKwh: d.uniform(1e6, 2e6),
      coolingKwh: d.uniform(2e5, 3e5),
      carbonKg: d.uniform(6e5, 9e5),
      waterL: d.uniform(1e6, 2e6),
      ttftMeanMs: d.uniform(150, 300),
      lateShare: d.uniform(0, 0.1),
      unservedShare: 0,
      ...(n > 0 && { against: change() }),
    })),
  });
  const months = Array.from({ length: 12 }, (_, m) => `2022-${String(m + 1).padStart(2, '0')}`);
  return {
    schemaVersion: 1,
    version: '0.0.0',
    command: 'npx isotherm report --data DIR --year 2022',
    options: {
      mode: 'learned',
      gapTarget: 1e-5,
      seed: 1,
      resamples: 2000,
      blockDays: 7,
      level: 0.95,
      everyWeeks: 4,
      tariff: 'own',
      cooling: 'own',
    },
    span: { fromUtc: '2022-01-01T00:00:00.000Z', toUtc: '2023-01-01T00:00:00.000Z', hours: 8760 },
    fleet: {
      name: 'two & <three>',
      prices: {
        carbonAudPerT: 75,
        waterAudPerKl: 3,
        timeAudPerUserHour: 1,
        unservedAudPerRequest: 0.05,
        lateAudPerRequest: 0,
      },
      classes: [{ id: 'chat', meanInputTokens: 1155, meanOutputTokens: 211 }],
      sites: ['sydney', 'melbourne'].map((id) => ({
        id,
        name: id,
        gridRegion: 'NSW1',
        hardware: 'h100-tp8',
        servers: 12,
        cooling: 'mixed-mode',
        tariff: 'flat',
      })),
    },
    data: {
      files: [
        {
          file: 'weather_sydney_2022.csv',
          kind: 'weather',
          hours: 8760,
          missingHours: 3,
          fromUtcMs: Date.parse('2022-01-01T00:00Z'),
          toUtcMs: Date.parse('2023-01-01T00:00Z'),
          emptyCells: { temp_c: 2 },
          faults: ['temp_c outside -60 to 60 in 1 h'],
          sha256: 'ab'.repeat(32),
        },
      ],
      notes: { file: 'SOURCES.md', text: '<script>alert(1)</script> CC BY 4.0' },
      sources: [
        {
          site: 'sydney',
          weather: { source: 'weather_sydney_2022.csv', placeholder: false },
          price: { source: 'contract tariff', placeholder: false },
          carbon: { source: 'carbon series', placeholder: false },
          water: { source: 'fuel-mix estimate', placeholder: true },
        },
      ],
      attributions: [
        {
          source: 'Open-Meteo',
          text: 'Weather data by Open-Meteo.com',
          licence: 'CC BY 4.0',
          url: 'https://open-meteo.com/',
        },
      ],
    },
    notes: ['demand is a model'],
    evidence: {
      days: 365,
      sampledDays: 92,
      policies: ids.map((id, n) => ({
        id,
        summary: `what ${id} does`,
        maxGap: 1e-6,
        ...(n === 3 && { sameAs: 'nearest' }),
      })),
      waiting: table(),
      year: table(),
      months: months.map((month) => ({ month, table: table() })),
      caps: ['nearest', 'green-llm-like'].map((policy) => ({
        policy,
        share: 0.8,
        ttftMeanMs: 180,
        lateShare: 0.02,
        against: change(),
      })),
      leaveOuts: [[], ['TAS1'], ['2022-06']].map((without) => ({
        tariff: 'own' as const,
        without,
        days: 335,
        awareness: change(),
        joint: change(),
      })),
      withoutCleanest: table(),
      ablations: ['whole', 'no-carbon'].map((id) => ({
        id,
        title: `the same optimizer: ${id}`,
        change: change(),
        ttftMeanMs: 170,
        lateShare: 0.01,
      })),
      sensitivity: ['cooling model', 'forecast error', 'marginal carbon'].flatMap((group) =>
        [1, 2].map((n) => ({
          group,
          title: group === MARGINAL && n === 1 ? ALIKE : `${group} ${n}`,
          objectiveAud: 4e5,
          coolingKwh: 2e5,
          facilityKwh: 1e6,
          carbonKg: 2e5,
          awareness: change(),
          joint: change(),
        })),
      ),
      notShown: [{ group: 'marginal carbon', title: 'a marginal <series>' }],
      front: [0, 75, 300]
        .map((carbonAudPerT, n) => ({
          name: `${carbonAudPerT} AUD/t`,
          carbonAudPerT,
          carbonKg: 2e5 - 2e4 * n,
          otherAud: 9e4 + 3e3 * n * n,
          energyCostAud: 7e4,
          coolingKwh: 6e4,
        }))
        .concat(
          ids.map((name, n) => ({
            name,
            carbonKg: 1.6e5 + 2e4 * n,
            otherAud: 9.5e4 + 4e3 * n,
            energyCostAud: 7e4,
            coolingKwh: 6e4,
          })) as never,
        ),
      map: mapSlack.flatMap(({ id: slack }) =>
        mapTariffs.flatMap((tariff) =>
          mapCooling.map((cooling) => ({
            cooling,
            tariff,
            slack,
            year: changes(),
            bySeason: { summer: changes(), winter: changes() },
          })),
        ),
      ),
      levers: [{ lever: 'none', title: 'isotherm against nearest', change: change() }],
      leverShares: [
        {
          lever: 'demand charge of 12 AUD/kW and month (123 days of whole months)',
          without: 'the same chiller without pads',
          days: 92,
          awareness: change(),
          joint: change(),
        },
      ],
    },
  };
}
