import { countHours, type DemandStates } from '../../core/forecast/demand.ts';
import { type Fleet, hasPlant, type PublicFleet, publicFleet } from '../../core/model/fleet.ts';
import { mayWait } from '../../core/model/request-class.ts';
import { MS_PER_HOUR } from '../../core/model/units.ts';
import { type PlanningInputs, type SiteSeries, slotUtcMs } from '../../core/planning/inputs.ts';
import { priceMargins } from '../../core/planning/margin.ts';
import type { SpanTotals } from '../../core/planning/span-totals.ts';
import type { Asked } from './asked.ts';
import { counted, demandThatCame, type Planned, plan } from './loop-plan.ts';
import type { PlantReadings } from './plants.ts';
import { LoopHour, PlanningRun, Run } from './run.ts';
import { isLost, nearestOf } from './serve.ts';
import type { DriftKind } from './watch.ts';
import type { WeatherErrors } from './weather-errors.ts';

/**
 * A deployment over real hours: it plans from forecasts, serves what comes by the plan in force, counts
 * it, and plans again. Beside it the same with every hour known beforehand, and the nearest sites.
 * Requests are charged in steps of minutes by the ledger, for the weather, prices and rates that came.
 */
export interface LoopSpec {
  fleet: Fleet;
  /** What came, by hour; it begins a day before the span, for what repeats the day before. */
  truth: PlanningInputs;
  startUtcMs: number;
  hours: number;
  asked: Asked;
  weatherErrors: WeatherErrors;
  /** Hours counted before the span begins. */
  historyHours: number;
  /** Plans are made for so many times the forecast demand at most, less where prices lie far apart. */
  demandMargin: number;
  replanMinutes: number;
  stepMinutes: number;
  /** Wholesale prices by step, by site; absent: the hour's. */
  spotAudPerMwh?: (siteId: string, utcMs: number) => number | undefined;
  /** A site nobody reaches for a while; plans hear of it a step later, and are made anew then. */
  lost?: { site: string; fromUtcMs: number; toUtcMs: number };
  gapTarget: number;
  onProgress?: (share: number) => void;
}

/** `clockwork` plans from forecasts by the clock alone: what plans between bring is what it lacks. */
export const loopRuns = ['forecast', 'foresight', 'clockwork', 'nearest'] as const;
export type LoopRun = (typeof loopRuns)[number];

export interface LoopResult {
  totals: Record<LoopRun, SpanTotals>;
  /** Of fleets with plants: what their meters read over the span. */
  plants?: Record<LoopRun, PlantReadings[]>;
  /** Mean errors of what was planned for: |forecast − what came| / what came, all zones and classes. */
  demandError: number;
  tempErrorC: number;
  /** From forecasts: those of the clock and of losses, and those asked for between, by what drifted. */
  plans: number;
  driftPlans: Record<DriftKind, number>;
  maxGap: number;
}

/** Whether plans of a fleet join hours, so that something goes on from one to the next. */
export function carriesOn(fleet: Fleet): boolean {
  return fleet.classes.some(mayWait) || fleet.sites.some((site) => hasPlant(site.cost));
}

export function closedLoop(spec: LoopSpec): LoopResult {
  const { fleet, startUtcMs, hours } = spec;
  const open = publicFleet(fleet);
  let states: DemandStates = countHours(
    open,
    new Map(),
    Array.from({ length: spec.historyHours }, (_, n) =>
      counted(spec, startUtcMs - (spec.historyHours - n) * MS_PER_HOUR),
    ),
  );
  const steps = 60 / spec.stepMinutes;
  const stepsPerPlan = spec.replanMinutes / spec.stepMinutes;
  const sums = { demandError: 0, demand: 0, tempErrorC: 0, scored: 0, plans: 0, maxGap: 0 };
  const driftPlans = { demand: 0, price: 0, loss: 0 };
  const runs = {
    forecast: new PlanningRun(spec, open, 'forecast'),
    foresight: new PlanningRun(spec, open, 'foresight'),
    clockwork: new PlanningRun(spec, open, 'forecast'),
    nearest: new Run(spec, open),
  };
  const { forecast, foresight, clockwork, nearest } = runs;
  const hasOwnState = carriesOn(fleet);
  const planFor = (run: PlanningRun, utcMs: number, heardLost: boolean) => {
    run.planned = plan(spec, open, states, utcMs, heardLost, run);
    sums.maxGap = Math.max(sums.maxGap, run.planned.gap);
  };
  let wasLost = false;
  for (let h = 0; h < hours; h++) {
    const hourMs = startUtcMs + h * MS_PER_HOUR;
    const hour = new LoopHour(spec, open, stepInputs(spec, hourMs, steps));
    for (const run of Object.values(runs)) run.beginHour(hour);
    for (let s = 0; s < steps; s++) {
      const utcMs = slotUtcMs(hour.inputs, s);
      hour.shutDown(s, utcMs);
      const heardLost = isLost(spec, utcMs - spec.stepMinutes * 60_000);
      const isDue = (h * steps + s) % stepsPerPlan === 0 || heardLost !== wasLost;
      wasLost = heardLost;
      for (const run of [forecast, foresight]) {
        const drift = run.drift(utcMs, heardLost);
        if (!isDue && drift === undefined) continue;
        planFor(run, utcMs, heardLost);
        if (run === foresight) continue;
        score(sums, spec, open, run.planned as Planned);
        if (isDue) sums.plans++;
        else if (drift) driftPlans[drift]++;
      }
      if (isDue) {
        // At the clock's times both know the same, so where nothing goes on theirs is one plan.
        if (hasOwnState) planFor(clockwork, utcMs, heardLost);
        else clockwork.planned = forecast.planned;
        if (hasOwnState) nearest.order(states, utcMs);
      }
      for (const run of [forecast, foresight, clockwork]) run.obey(s, utcMs);
      nearest.serve(s, utcMs, (p) => nearestOf(open, p, s, hour.demandOf(p, s)));
    }
    for (const run of Object.values(runs)) run.endHour();
    states = countHours(open, states, [counted(spec, hourMs)]);
    spec.onProgress?.((h + 1) / hours);
  }
  const plants = eachRun((run) => runs[run].plantReadings());
  return {
    totals: eachRun((run) => runs[run].totals()),
    ...(plants.nearest.length > 0 && { plants }),
    demandError: sums.demandError / Math.max(sums.demand, 1e-300),
    tempErrorC: sums.tempErrorC / sums.scored,
    plans: sums.plans,
    driftPlans,
    maxGap: sums.maxGap,
  };
}

function eachRun<T>(of: (run: LoopRun) => T): Record<LoopRun, T> {
  return Object.fromEntries(loopRuns.map((run) => [run, of(run)])) as Record<LoopRun, T>;
}

/** What came in an hour, by step. */
function stepInputs(spec: LoopSpec, hourMs: number, steps: number): PlanningInputs {
  const h = (hourMs - spec.truth.startUtcMs) / MS_PER_HOUR;
  const stepMs = MS_PER_HOUR / steps;
  return {
    startUtcMs: hourMs,
    slotCount: steps,
    slotHours: 1 / steps,
    sites: spec.fleet.sites.map((site, j) => {
      const series = spec.truth.sites[j] as SiteSeries;
      const all = (values: Float64Array) => new Float64Array(steps).fill(values[h] as number);
      return {
        tempC: all(series.tempC),
        rhPct: all(series.rhPct),
        spotAudPerMwh: all(series.spotAudPerMwh).map(
          (price, s) => spec.spotAudPerMwh?.(site.id, hourMs + s * stepMs) ?? price,
        ),
        carbonKgPerKwh: all(series.carbonKgPerKwh),
        gridWaterLPerKwh: all(series.gridWaterLPerKwh),
        sources: series.sources,
      };
    }),
    demandReqPerS: Float64Array.from(
      Array.from({ length: steps }, (_, s) => [
        ...spec.asked.reqPerS(hourMs + s * stepMs, stepMs),
      ]).flat(),
    ),
  };
}

/** How far a plan from forecasts is off what comes. */
function score(
  sums: { demandError: number; demand: number; tempErrorC: number; scored: number },
  spec: LoopSpec,
  open: PublicFleet,
  { inputs }: Planned,
): void {
  const came = demandThatCame(spec, inputs);
  const { classes, zones } = open;
  const margins = priceMargins(open, inputs, spec.demandMargin);
  inputs.demandReqPerS.forEach((x, n) => {
    // Work that may wait is planned for by population, without a margin.
    const k = n % classes.length;
    if (mayWait(classes[k] as Fleet['classes'][number])) return;
    const margin = margins(Math.floor(n / (classes.length * zones.length)), k);
    sums.demandError += Math.abs(x / margin - (came[n] as number));
    sums.demand += came[n] as number;
  });
  const { sites, slotCount, startUtcMs } = inputs;
  const from = (startUtcMs - spec.truth.startUtcMs) / MS_PER_HOUR;
  sites.forEach((s, j) => {
    s.tempC.forEach((tempC, t) => {
      const cameC = spec.truth.sites[j]?.tempC[from + t] as number;
      sums.tempErrorC += Math.abs(tempC - cameC) / sites.length / slotCount;
    });
  });
  sums.scored++;
}
