import manifest from '../../package.json' with { type: 'json' };
import { slotUtcMs } from '../core/planning/inputs.ts';
import type { PolicyResult } from '../sim/backtest.ts';
import { differences, verdicts } from './comparison.ts';
import { commonDigits, count, decimal, gapPercent, signed, utc } from './format.ts';
import { sourcesOf } from './notes.ts';
import { ownCommand, shellWord } from './own-command.ts';
import type { SimulationRun } from './simulate.ts';
import { spanJson } from './span.ts';
import { bold, bullets, type Column, table, wrap } from './table.ts';

/** Below this share, unserved demand is rounding. */
const NEGLIGIBLE_SHARE = 1e-9;

interface Metric {
  header: [string, string];
  value: (r: PolicyResult) => number;
  /** Fixed decimals; absent: five significant digits. */
  digits?: number;
}

const metrics: Metric[] = [
  { header: ['objective', 'AUD'], value: (r) => r.objectiveAud },
  { header: ['energy', 'AUD'], value: (r) => r.energyCostAud },
  { header: ['facility', 'kWh'], value: (r) => r.facilityKwh, digits: 0 },
  { header: ['cooling', 'kWh'], value: (r) => r.coolingKwh, digits: 0 },
  { header: ['carbon', 'kg'], value: (r) => r.carbonKg, digits: 0 },
  { header: ['water', 'L'], value: (r) => r.waterL, digits: 0 },
  { header: ['TTFT mean', 'ms'], value: (r) => r.ttftMeanMs, digits: 1 },
  { header: ['TTFT p95', 'ms'], value: (r) => r.ttftP95Ms, digits: 0 },
  { header: ['over SLO', '%'], value: (r) => 100 * r.sloViolationShare, digits: 2 },
];

export function simulationText(run: SimulationRun): string {
  const { fleet, inputs, notes, results } = run;
  const end = slotUtcMs(inputs, inputs.slotCount);
  const lines = [
    bold(
      `Backtest of ${fleet.name}: ${count(fleet.sites.length, 'site')}, ${utc(inputs.startUtcMs)} to ${utc(end)} (exclusive), ${count(inputs.slotCount, 'hour')}`,
    ),
    '',
    policyTable(results),
  ];
  lines.push(...batchLines(results));
  for (const r of results.filter(hasUnserved)) {
    lines.push(
      wrap(
        `UNSERVED by ${r.policy}: ${decimal(r.unservedRequests, 0)} of ${decimal(r.requests, 0)} requests, charged in the objective${lostBatch(r)}.`,
      ),
    );
  }
  const compared = differences(results);
  if (compared.length > 0) {
    const rows = compared.map((d) => [d.policy, signed(d.objectivePct), signed(d.coolingKwhPct)]);
    lines.push('', table(differenceColumns, rows));
  }
  const sentences = verdicts(results);
  if (sentences.length > 0) lines.push('', ...sentences.map((s) => wrap(s)));
  lines.push('', bold('Notes'), bullets([...certificateNotes(run), ...notes]));
  lines.push(
    '',
    wrap(
      'No random numbers: the same data, version and options give the same table. To repeat it:',
    ),
    `  ${repeatCommand(run, ownCommand())}  # isotherm ${manifest.version}`,
  );
  return `${lines.join('\n')}\n`;
}

const differenceColumns: Column[] = [
  { header: ['isotherm against'], align: 'left' },
  { header: ['objective', '%'] },
  { header: ['cooling energy', '%'] },
];

function policyTable(results: readonly PolicyResult[]): string {
  const columns: Column[] = [
    { header: ['policy'], align: 'left' },
    ...metrics.map(({ header }) => ({ header })),
  ];
  const digits = metrics.map((m) => m.digits ?? commonDigits(results.map(m.value)));
  return table(
    columns,
    results.map((r) => [r.policy, ...metrics.map((m, c) => decimal(m.value(r), digits[c] ?? 0))]),
  );
}

function hasUnserved(r: PolicyResult): boolean {
  return r.unservedRequests > NEGLIGIBLE_SHARE * r.requests;
}

/** What became of work that may wait. */
function batchLines(results: readonly PolicyResult[]): string[] {
  const [first] = results;
  if (!first?.batch) return [];
  const waits = results.flatMap(({ policy, batch }) =>
    batch && batch.movedShare > NEGLIGIBLE_SHARE
      ? `${policy} puts off ${decimal(100 * batch.movedShare, 1)} % of them (${decimal(batch.meanDelayHours, 1)} h in the mean of all)`
      : [],
  );
  const who = waits.length > 0 ? `${waits.join(', ')}; ` : '';
  return [
    wrap(
      `${decimal(first.batch.requests, 0)} of ${decimal(first.requests, 0)} requests may wait: ${who}${waits.length > 0 ? 'all other policies serve' : 'all policies serve'} them as they come.`,
    ),
  ];
}

/** How many of the unserved could have waited. */
function lostBatch({ batch }: PolicyResult): string {
  return batch ? `; ${decimal(batch.unservedRequests, 0)} of them of work that may wait` : '';
}

function certificateNotes({ options, results }: SimulationRun): string[] {
  return results.flatMap(({ policy, maxGap, maxRounds }) => {
    if (maxGap === undefined || maxRounds === undefined) return [];
    const missed =
      maxGap > options.gap ? `, MORE than the ${gapPercent(options.gap)} asked for` : '';
    const plan = options.hourly ? 'plan' : 'day';
    return `${policy}: at most ${count(maxRounds, 'round')} a ${plan} (${options.mode}), every ${plan} proven within ${gapPercent(maxGap)} of its own optimum${missed}`;
  });
}

/** @param own what runs the command line: in a document that others read, as in any clone */
function repeatCommand({ options: o }: SimulationRun, own = 'npx isotherm'): string {
  const parts = [`${own} simulate`, '--data', o.data, '--from', o.from, '--to', o.to];
  if (o.policies !== undefined) parts.push('--policies', o.policies);
  if (o.fleet !== undefined) parts.push('--fleet', o.fleet);
  if (o.tariff !== undefined) parts.push('--tariff', o.tariff);
  if (o.cooling !== undefined) parts.push('--cooling', o.cooling);
  if (o.hourly) parts.push('--hourly');
  if (o.mode !== 'learned') parts.push('--mode', o.mode);
  if (o.gap !== 0.00001) parts.push('--gap', String(o.gap));
  return parts.map((p, n) => (n > 0 ? shellWord(p) : p)).join(' ');
}

export function simulationJson(run: SimulationRun) {
  const { fleet, inputs, notes, options, results } = run;
  return {
    schemaVersion: 1,
    version: manifest.version,
    fleet: fleet.name,
    span: spanJson(inputs),
    options: {
      mode: options.mode,
      gapTarget: options.gap,
      tariff: options.tariff ?? 'own',
      cooling: options.cooling ?? 'own',
      replanned: options.hourly ? 'hourly' : 'daily',
    },
    policies: results,
    /** isotherm less the other, in percent of the other. */
    isothermAgainst: differences(results),
    notes,
    sources: sourcesOf(fleet, inputs),
    repeatWith: repeatCommand(run),
  };
}

const csvColumns: [string, (r: PolicyResult) => string | number | undefined][] = [
  ['policy', (r) => r.policy],
  ['objective_aud', (r) => r.objectiveAud],
  ['energy_cost_aud', (r) => r.energyCostAud],
  ['facility_kwh', (r) => r.facilityKwh],
  ['cooling_kwh', (r) => r.coolingKwh],
  ['it_kwh', (r) => r.itKwh],
  ['carbon_kg', (r) => r.carbonKg],
  ['water_l', (r) => r.waterL],
  ['requests', (r) => r.requests],
  ['unserved_requests', (r) => r.unservedRequests],
  ['batch_requests', (r) => r.batch?.requests],
  ['batch_unserved_requests', (r) => r.batch?.unservedRequests],
  ['batch_moved_share', (r) => r.batch?.movedShare],
  ['batch_mean_delay_hours', (r) => r.batch?.meanDelayHours],
  ['ttft_mean_ms', (r) => r.ttftMeanMs],
  ['ttft_p95_ms', (r) => r.ttftP95Ms],
  ['slo_violation_share', (r) => r.sloViolationShare],
  ['max_rounds', (r) => r.maxRounds],
  ['max_gap', (r) => r.maxGap],
];

export function simulationCsv({ results }: SimulationRun): string {
  const rows = results.map((r) => csvColumns.map(([, value]) => value(r) ?? '').join(','));
  return `${[csvColumns.map(([name]) => name).join(','), ...rows].join('\n')}\n`;
}
