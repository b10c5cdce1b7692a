import { MS_PER_HOUR } from '../core/model/units.ts';
import type { SpanTotals } from '../core/planning/span-totals.ts';
import { type LoopResult, type LoopRun, loopRuns } from '../sim/loop/closed-loop.ts';
import { count, decimal, signed, utc } from './format.ts';
import type { LoopReport } from './loop.ts';
import { bold, bullets, type Column, table, wrap } from './table.ts';

/** Of the objective, what forecasts may cost. */
const MAY_COST_PCT = 2;

const NAMES: Record<LoopRun, string> = {
  forecast: 'isotherm, from forecasts',
  foresight: 'isotherm, knowing the hours',
  clockwork: 'from forecasts, by the clock alone',
  nearest: 'nearest',
};

/** The same in a sentence. */
const SHORT: Record<LoopRun, string> = {
  forecast: 'from forecasts',
  foresight: 'with foresight',
  clockwork: 'by the clock alone',
  nearest: 'at the nearest sites',
};

const columns: Column[] = [
  { header: ['run'], align: 'left' },
  { header: ['objective', 'AUD'] },
  { header: ['energy', 'AUD'] },
  { header: ['carbon', 'kg'] },
  { header: ['TTFT mean', 'ms'] },
  { header: ['TTFT p95', 'ms'] },
  { header: ['over SLO', '%'] },
  { header: ['unserved', '%'] },
];

function row(name: string, t: SpanTotals): string[] {
  return [
    name,
    decimal(t.objectiveAud, 1),
    decimal(t.energyCostAud, 1),
    decimal(t.carbonKg, 0),
    decimal(t.ttftMeanMs, 1),
    decimal(t.ttftP95Ms, 0),
    decimal(100 * t.sloViolationShare, 3),
    decimal((100 * t.unservedRequests) / Math.max(t.requests, 1), 3),
  ];
}

export const loopTable = ({ totals }: LoopResult): string =>
  table(
    columns,
    loopRuns.map((run) => row(NAMES[run], totals[run])),
  );

/** What was carried from plan to plan, where anything is. */
function carried({ totals, plants }: LoopResult): string[] {
  const lines = loopRuns.flatMap((run) => {
    const { batch } = totals[run];
    if (!batch) return [];
    const lost = decimal((100 * batch.unservedRequests) / Math.max(batch.requests, 1), 3);
    return [
      `Work that may wait, ${SHORT[run]}: ${count(batch.requests, 'request')}, ${decimal(100 * batch.movedShare, 1)} % served in a later hour, ${decimal(batch.meanDelayHours, 2)} h later in the mean of all; ${lost} % unserved, their time being over.`,
    ];
  });
  const stored = loopRuns.flatMap((run) => {
    const own = plants?.[run].filter((r) => r.storedFromKwh + r.storedToKwh > 0) ?? [];
    if (own.length === 0) return [];
    const each = own.map(
      (r) => `${r.site} ${decimal(r.storedToKwh, 1)} of ${decimal(r.storedFromKwh, 1)}`,
    );
    return [
      `Batteries at the end, ${SHORT[run]}, kWh of what they began with: ${each.join(', ')}.`,
    ];
  });
  return [...lines, ...stored];
}

const overPct = (a: number, b: number) => 100 * (a / b - 1);

/** What it is measured by, whether reached or not. */
export function loopVerdicts({ totals, driftPlans }: LoopResult): string[] {
  const { forecast, foresight, clockwork, nearest } = totals;
  const cost = overPct(forecast.objectiveAud, foresight.objectiveAud);
  const isLater = forecast.sloViolationShare > nearest.sloViolationShare;
  const share = (t: SpanTotals) => `${decimal(100 * t.sloViolationShare, 3)} %`;
  return [
    `Forecasts cost ${signed(cost)} % of the objective: ${cost <= MAY_COST_PCT ? 'within' : 'NOT within'} ${MAY_COST_PCT} %.`,
    `Requests over their SLO: ${share(forecast)}, ${isLater ? 'MORE than' : 'no more than'} ${share(nearest)} at the nearest sites.`,
    `The objective is ${signed(overPct(forecast.objectiveAud, nearest.objectiveAud))} % of that of the nearest sites, ${signed(overPct(foresight.objectiveAud, nearest.objectiveAud))} % with foresight.`,
    driftPlans.demand + driftPlans.price + driftPlans.loss === 0
      ? 'Nothing left what was planned for far enough for a plan between those of the clock.'
      : `Between the clock's plans there were ${driftPlans.demand} for drift of demand, ${driftPlans.price} for drift of prices and ${driftPlans.loss} while a site was lost. They changed the objective by ${signed(overPct(forecast.objectiveAud, clockwork.objectiveAud))} %, requests over their SLO from ${share(clockwork)} to ${share(forecast)}.`,
  ];
}

export function loopText(report: LoopReport): string {
  const { fleet, startUtcMs, hours, result, spec, traces, notes } = report;
  return [
    bold(
      `Closed loop of ${fleet.name}: ${count(fleet.sites.length, 'site')}, ${count(hours, 'hour')} from ${utc(startUtcMs)}, a plan every ${spec.replanMinutes} minutes`,
    ),
    '',
    loopTable(result),
    '',
    ...[...loopVerdicts(result), ...carried(result)].map((s) => wrap(s)),
    '',
    bold('Notes'),
    bullets([
      `what was planned for was off by ${decimal(100 * result.demandError, 1)} % of demand (each zone and class by itself) and ${decimal(result.tempErrorC, 2)} °C`,
      `demand is the registry's mean times the rates of ${traces.map((t) => t.source).join(' and ')}, each zone from another day of them; ${spec.historyHours} h were counted before`,
      `plans are made for ${spec.demandMargin} times the forecast demand${fleet.sites.some((s) => s.cost.tariff.kind === 'spot') ? ', less where wholesale prices lie far apart' : ''}${result.totals.forecast.batch ? ', of work that may wait for that of the population' : ''}; a request over its SLO costs ${fleet.prices.lateAudPerRequest} AUD`,
      `weather forecasts are what came with the errors of ${spec.weatherErrors.source}, an issue a day`,
      'prices and carbon are known for the hour a plan is made in, beyond it those of the day before stand in',
      `requests are charged in steps of ${spec.stepMinutes} minutes; what a site cannot carry goes to the nearest with room`,
      ...notes,
    ]),
    '',
  ].join('\n');
}

export function loopJson({ fleet, startUtcMs, hours, spec, result }: LoopReport) {
  return {
    schemaVersion: 1,
    fleet: fleet.name,
    startUtc: new Date(startUtcMs).toISOString(),
    endUtc: new Date(startUtcMs + hours * MS_PER_HOUR).toISOString(),
    replanMinutes: spec.replanMinutes,
    historyHours: spec.historyHours,
    demandMargin: spec.demandMargin,
    lateAudPerRequest: fleet.prices.lateAudPerRequest,
    ...result,
  };
}
