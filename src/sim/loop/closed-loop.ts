import { countHours, type DemandStates } from '../../core/forecast/demand.ts';
import { type Fleet, publicFleet } from '../../core/model/fleet.ts';
import { MS_PER_HOUR } from '../../core/model/units.ts';
import { type DispatchProblem, rowCount } from '../../core/optimizer/problem.ts';
import { assembleDispatch } from '../../core/planning/assemble.ts';
import { lossAsksForPlan } from '../../core/planning/drift.ts';
import { type PlanningInputs, type SiteSeries, slotUtcMs } from '../../core/planning/inputs.ts';
import { Ledger } from '../../core/planning/ledger.ts';
import type { SpanTotals } from '../../core/planning/span-totals.ts';
import type { Asked } from './asked.ts';
import { counted, demandThatCame, type Planned, plan } from './loop-plan.ts';
import { isLost, nearestOf, obeyed, shutDown } from './serve.ts';
import { type DriftKind, pricesDrift, Watch } from './watch.ts';
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
  /** Plans are made for so many times the forecast demand. */
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
  /** Mean errors of what was planned for: |forecast − what came| / what came, all zones and classes. */
  demandError: number;
  tempErrorC: number;
  /** From forecasts: those of the clock and of losses, and those asked for between, by what drifted. */
  plans: number;
  driftPlans: Record<DriftKind, number>;
  maxGap: number;
}

/** A run that plans: its plan in force, and what it watches. */
class PlanningRun {
  readonly isForesight: boolean;
  planned: Planned | undefined;
  readonly #watch: Watch;
  #demandDrifts = false;

  constructor(isForesight: boolean, startUtcMs: number) {
    this.isForesight = isForesight;
    this.#watch = new Watch(startUtcMs);
  }

  /** Why a plan is due before its time; what a step's requests say is heard at its end. */
  drift(spec: LoopSpec, utcMs: number, heardLost: boolean): DriftKind | undefined {
    if (this.planned === undefined) return undefined;
    if (this.#demandDrifts) return 'demand';
    if (pricesDrift(spec, utcMs)) return 'price';
    const down = heardLost && spec.lost ? [spec.lost.fromUtcMs] : [];
    return lossAsksForPlan(down, this.planned.madeUtcMs, utcMs) ? 'loss' : undefined;
  }

  /** The plan's flows in a step that begins, whose requests are counted. */
  flows(spec: LoopSpec, utcMs: number): Float64Array {
    const planned = this.planned as Planned;
    this.#demandDrifts = this.#watch.demandDrifts(spec, planned, utcMs);
    return planned.at(utcMs);
  }
}

export function closedLoop(spec: LoopSpec): LoopResult {
  const { fleet, startUtcMs, hours } = spec;
  const open = publicFleet(fleet);
  const ledgers = eachRun(() => new Ledger(fleet));
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
  const forecast = new PlanningRun(false, startUtcMs);
  const foresight = new PlanningRun(true, startUtcMs);
  let clockwork: Planned | undefined;
  let wasLost = false;
  for (let h = 0; h < hours; h++) {
    const hourMs = startUtcMs + h * MS_PER_HOUR;
    const inputs = stepInputs(spec, hourMs, steps);
    const problem = assembleDispatch(open, inputs, inputs.demandReqPerS);
    const served = eachRun(() => ({ flow: [] as Float64Array[], unserved: [] as Float64Array[] }));
    for (let s = 0; s < steps; s++) {
      const utcMs = slotUtcMs(inputs, s);
      shutDown(problem, spec, s, utcMs);
      const heardLost = isLost(spec, utcMs - spec.stepMinutes * 60_000);
      const isDue = (h * steps + s) % stepsPerPlan === 0 || heardLost !== wasLost;
      wasLost = heardLost;
      for (const run of [forecast, foresight]) {
        const drift = run.drift(spec, utcMs, heardLost);
        if (!isDue && drift === undefined) continue;
        run.planned = plan(spec, open, states, utcMs, heardLost, run.isForesight);
        sums.maxGap = Math.max(sums.maxGap, run.planned.gap);
        if (run.isForesight) continue;
        score(sums, spec, run.planned);
        if (isDue) sums.plans++;
        else if (drift) driftPlans[drift]++;
      }
      // At the clock's times both know the same, so theirs is one plan.
      if (isDue) clockwork = forecast.planned;
      const take = (run: LoopRun, done: { flow: Float64Array; unserved: Float64Array }) => {
        served[run].flow.push(done.flow);
        served[run].unserved.push(done.unserved);
      };
      take('forecast', obeyed(open, problem, s, forecast.flows(spec, utcMs)));
      take('foresight', obeyed(open, problem, s, foresight.flows(spec, utcMs)));
      take('clockwork', obeyed(open, problem, s, (clockwork as Planned).at(utcMs)));
      take('nearest', nearestOf(open, problem, s, demandOf(problem, s)));
    }
    for (const run of loopRuns) {
      ledgers[run].add(problem, inputs, served[run].flow, served[run].unserved);
    }
    states = countHours(open, states, [counted(spec, hourMs)]);
    spec.onProgress?.((h + 1) / hours);
  }
  return {
    totals: eachRun((run) => ledgers[run].totals()),
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

function demandOf(p: DispatchProblem, t: number): Float64Array {
  const rows = rowCount(p);
  return p.demandReqPerS.subarray(t * rows, (t + 1) * rows);
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
  { inputs }: Planned,
): void {
  const came = demandThatCame(spec, inputs);
  inputs.demandReqPerS.forEach((x, n) => {
    sums.demandError += Math.abs(x / spec.demandMargin - (came[n] as number));
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
