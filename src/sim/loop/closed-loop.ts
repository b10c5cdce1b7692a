import {
  countHours,
  countUnderWay,
  type DemandStates,
  forecastDemand,
  seriesKey,
} from '../../core/forecast/demand.ts';
import { type Fleet, type PublicFleet, publicFleet } from '../../core/model/fleet.ts';
import { MS_PER_HOUR } from '../../core/model/units.ts';
import {
  type DispatchProblem,
  edgeCount,
  loadsOf,
  rowCount,
} from '../../core/optimizer/problem.ts';
import { solve } from '../../core/optimizer/solve.ts';
import { assembleDispatch, assembleSites } from '../../core/planning/assemble.ts';
import { type PlanningInputs, slotUtcMs } from '../../core/planning/inputs.ts';
import { Ledger } from '../../core/planning/ledger.ts';
import { nearestFlows } from '../../core/planning/policies/nearest.ts';
import type { SpanTotals } from '../../core/planning/span-totals.ts';
import type { Asked } from './asked.ts';
import { errorOf, type WeatherErrors } from './weather-errors.ts';

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

export const loopRuns = ['forecast', 'foresight', 'nearest'] as const;
export type LoopRun = (typeof loopRuns)[number];

export interface LoopResult {
  totals: Record<LoopRun, SpanTotals>;
  /** Mean errors of what was planned for: |forecast − what came| / what came, all zones and classes. */
  demandError: number;
  tempErrorC: number;
  plans: number;
  maxGap: number;
}

export function closedLoop(spec: LoopSpec): LoopResult {
  const { fleet, startUtcMs, hours } = spec;
  const open = publicFleet(fleet);
  const ledgers = Object.fromEntries(loopRuns.map((run) => [run, new Ledger(fleet)])) as Record<
    LoopRun,
    Ledger
  >;
  let states: DemandStates = countHours(
    open,
    new Map(),
    Array.from({ length: spec.historyHours }, (_, n) =>
      counted(spec, startUtcMs - (spec.historyHours - n) * MS_PER_HOUR),
    ),
  );
  const steps = 60 / spec.stepMinutes;
  const stepsPerPlan = spec.replanMinutes / spec.stepMinutes;
  const sums = { demandError: 0, demand: 0, tempErrorC: 0, plans: 0, maxGap: 0 };
  const plans: Partial<Record<LoopRun, Planned>> = {};
  let wasLost = false;
  for (let h = 0; h < hours; h++) {
    const hourMs = startUtcMs + h * MS_PER_HOUR;
    const inputs = stepInputs(spec, hourMs, steps);
    const problem = assembleDispatch(open, inputs, inputs.demandReqPerS);
    const flows = Object.fromEntries(loopRuns.map((run) => [run, [] as Float64Array[]]));
    const unserved = Object.fromEntries(loopRuns.map((run) => [run, [] as Float64Array[]]));
    for (let s = 0; s < steps; s++) {
      const utcMs = slotUtcMs(inputs, s);
      shutDown(problem, spec, s, utcMs);
      const heardLost = isLost(spec, utcMs - spec.stepMinutes * 60_000);
      const isDue = (h * steps + s) % stepsPerPlan === 0 || heardLost !== wasLost;
      wasLost = heardLost;
      for (const run of loopRuns) {
        if (run !== 'nearest' && isDue) {
          plans[run] = plan(spec, open, states, utcMs, heardLost, run === 'foresight');
          sums.maxGap = Math.max(sums.maxGap, plans[run].gap);
        }
        const done =
          run === 'nearest'
            ? nearestOf(
                open,
                problem,
                s,
                problem.demandReqPerS.subarray(s * rowCount(problem), (s + 1) * rowCount(problem)),
              )
            : obeyed(open, problem, s, (plans[run] as Planned).at(utcMs));
        flows[run]?.push(done.flow);
        unserved[run]?.push(done.unserved);
      }
      if (isDue) {
        sums.plans++;
        score(sums, spec.demandMargin, plans.forecast as Planned, plans.foresight as Planned);
      }
    }
    for (const run of loopRuns) {
      ledgers[run].add(problem, inputs, flows[run] ?? [], unserved[run] ?? []);
    }
    states = countHours(open, states, [counted(spec, hourMs)]);
    spec.onProgress?.((h + 1) / hours);
  }
  return {
    totals: Object.fromEntries(loopRuns.map((run) => [run, ledgers[run].totals()])) as Record<
      LoopRun,
      SpanTotals
    >,
    demandError: sums.demandError / Math.max(sums.demand, 1e-300),
    tempErrorC: sums.tempErrorC / sums.plans,
    plans: sums.plans,
    maxGap: sums.maxGap,
  };
}

interface Planned {
  inputs: PlanningInputs;
  gap: number;
  /** Flows of the hour that holds an instant. */
  at(utcMs: number): Float64Array;
}

/** The hours until there is another plan: slots of such fleets do not depend on each other. */
function plan(
  spec: LoopSpec,
  open: PublicFleet,
  states: DemandStates,
  utcMs: number,
  heardLost: boolean,
  isForesight: boolean,
): Planned {
  const startUtcMs = Math.floor(utcMs / MS_PER_HOUR) * MS_PER_HOUR;
  const slotCount = Math.ceil((utcMs - startUtcMs + spec.replanMinutes * 60_000) / MS_PER_HOUR);
  const horizon = { startUtcMs, slotCount, slotHours: 1 };
  const inputs: PlanningInputs = {
    ...horizon,
    sites: spec.fleet.sites.map((site, j) => believed(spec, site, j, horizon, utcMs, isForesight)),
    demandReqPerS: isForesight
      ? Float64Array.from(
          Array.from({ length: slotCount }, (_, t) => [
            ...spec.asked.reqPerS(slotUtcMs(horizon, t), MS_PER_HOUR),
          ]).flat(),
        )
      : forecastDemand(open, seen(spec, open, states, utcMs), horizon, spec.demandMargin).reqPerS,
  };
  const problem = assembleDispatch(open, inputs, inputs.demandReqPerS);
  // Nobody knows when a loss will end.
  if (heardLost) problem.sites.find((s) => s.id === spec.lost?.site)?.maxLoad.fill(0);
  const { flow, certificate } = solve(problem, assembleSites(spec.fleet, inputs), {
    gapTarget: spec.gapTarget,
  });
  return {
    inputs,
    gap: certificate.gap,
    at: (ms) => flow[Math.floor((ms - startUtcMs) / MS_PER_HOUR)] as Float64Array,
  };
}

type Site = Fleet['sites'][number];
type Series = PlanningInputs['sites'][number];

/**
 * A site's hours as a plan knows them. Of weather, what came with the errors of issued forecasts; of
 * prices and carbon this hour's, then those of the same hour the day before, as plans have it without a
 * feed of the future.
 */
function believed(
  spec: LoopSpec,
  site: Site,
  j: number,
  horizon: { startUtcMs: number; slotCount: number },
  utcMs: number,
  isForesight: boolean,
): Series {
  const series = spec.truth.sites[j] as Series;
  const hours = (of: (hour: number, t: number) => number) =>
    Float64Array.from({ length: horizon.slotCount }, (_, t) =>
      of((horizon.startUtcMs - spec.truth.startUtcMs) / MS_PER_HOUR + t, t),
    );
  const error = (t: number) =>
    isForesight ? { tempC: 0, rhPct: 0 } : errorOf(spec.weatherErrors, site.id, utcMs, t + 1);
  const known = (values: Float64Array) =>
    hours((h, t) => values[isForesight || t === 0 ? h : h - 24] as number);
  const spot = known(series.spotAudPerMwh);
  const now = spec.spotAudPerMwh?.(site.id, utcMs);
  if (now !== undefined) spot[0] = now;
  return {
    tempC: hours((h, t) => (series.tempC[h] as number) + error(t).tempC),
    rhPct: hours((h, t) =>
      Math.min(100, Math.max(0, (series.rhPct[h] as number) + error(t).rhPct)),
    ),
    spotAudPerMwh: spot,
    carbonKgPerKwh: known(series.carbonKgPerKwh),
    gridWaterLPerKwh: hours((h) => series.gridWaterLPerKwh[h] as number),
    sources: series.sources,
  };
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
      const series = spec.truth.sites[j] as Series;
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

/**
 * A slot served by a plan's shares. What comes to a site beyond what it carries goes to the nearest that
 * has room, as the router does it for sites that refuse; so does all of a zone the plan has no share for.
 */
function obeyed(open: PublicFleet, p: DispatchProblem, t: number, planned: Float64Array) {
  const rows = rowCount(p);
  const flow = new Float64Array(edgeCount(p));
  const left = p.demandReqPerS.slice(t * rows, (t + 1) * rows);
  for (let r = 0; r < rows; r++) {
    const [from, to] = [p.rowStart[r] as number, p.rowStart[r + 1] as number];
    const sum = planned.subarray(from, to).reduce((a, b) => a + b, 0);
    if (!(sum > 0)) continue;
    const came = left[r] as number;
    for (let e = from; e < to; e++) flow[e] = ((planned[e] as number) / sum) * came;
  }
  const kept = loadsOf(p, flow).map((load, j) => {
    const limit = p.sites[j]?.maxLoad[t] as number;
    return load > limit ? limit / load : 1;
  });
  for (let r = 0; r < rows; r++) {
    for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
      flow[e] = (flow[e] as number) * (kept[p.edgeSite[e] as number] as number);
      left[r] = Math.max(0, (left[r] as number) - (flow[e] as number));
    }
  }
  const more = nearestOf(open, p, t, left, loadsOf(p, flow));
  return { flow: flow.map((x, e) => x + (more.flow[e] as number)), unserved: more.unserved };
}

/** Demand of one slot at the nearest sites, in the room that a load leaves. */
function nearestOf(
  open: PublicFleet,
  p: DispatchProblem,
  t: number,
  demandReqPerS: Float64Array,
  loads?: Float64Array,
) {
  const sites = p.sites.map((s, j) => ({
    ...s,
    maxLoad: Float64Array.of(Math.max(0, (s.maxLoad[t] as number) - (loads?.[j] ?? 0))),
  }));
  const { flow, unserved } = nearestFlows(open, { ...p, slotCount: 1, sites, demandReqPerS });
  return { flow: flow[0] as Float64Array, unserved: unserved[0] as Float64Array };
}

function isLost({ lost }: LoopSpec, utcMs: number): boolean {
  return lost !== undefined && utcMs >= lost.fromUtcMs && utcMs < lost.toUtcMs;
}

function shutDown(p: DispatchProblem, spec: LoopSpec, t: number, utcMs: number): void {
  if (!isLost(spec, utcMs)) return;
  const site = p.sites.find((s) => s.id === spec.lost?.site);
  if (site) site.maxLoad[t] = 0;
}

/** States with the hour under way, as soon as a deployment takes it in. */
function seen(spec: LoopSpec, open: PublicFleet, states: DemandStates, utcMs: number) {
  const hourMs = Math.floor(utcMs / MS_PER_HOUR) * MS_PER_HOUR;
  const forMs = utcMs - hourMs;
  if (forMs < MS_PER_HOUR / 12) return states;
  return countUnderWay(open, states, [{ ...counted(spec, hourMs, forMs), forMs }]);
}

/** An hour as the router counts it, or its first part. */
function counted({ fleet, asked }: LoopSpec, utcMs: number, forMs = MS_PER_HOUR) {
  const requests = asked.reqPerS(utcMs, forMs).map((x) => Math.round((x * forMs) / 1000));
  const K = fleet.classes.length;
  return {
    utcMs,
    requests: new Map(
      Array.from(requests, (n, at): [string, number] => [
        seriesKey(fleet.zones[Math.floor(at / K)]?.id ?? '', fleet.classes[at % K]?.id ?? ''),
        n,
      ]),
    ),
  };
}

function score(
  sums: { demandError: number; demand: number; tempErrorC: number },
  margin: number,
  forecast: Planned,
  foresight: Planned,
): void {
  forecast.inputs.demandReqPerS.forEach((x, n) => {
    const came = foresight.inputs.demandReqPerS[n] as number;
    sums.demandError += Math.abs(x / margin - came);
    sums.demand += came;
  });
  const { sites, slotCount } = forecast.inputs;
  sites.forEach((s, j) => {
    s.tempC.forEach((tempC, t) => {
      const came = foresight.inputs.sites[j]?.tempC[t] as number;
      sums.tempErrorC += Math.abs(tempC - came) / sites.length / slotCount;
    });
  });
}
