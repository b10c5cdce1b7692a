import {
  countUnderWay,
  type DemandStates,
  forecastDemand,
  seriesKey,
} from '../../core/forecast/demand.ts';
import type { Fleet, PublicFleet } from '../../core/model/fleet.ts';
import { floorToHour } from '../../core/model/time.ts';
import { MS_PER_HOUR } from '../../core/model/units.ts';
import type { DispatchProblem } from '../../core/optimizer/problem.ts';
import { solve } from '../../core/optimizer/solve.ts';
import { assembleDispatch, assembleSites, type Horizon } from '../../core/planning/assemble.ts';
import { type PlanningInputs, slotUtcMs } from '../../core/planning/inputs.ts';
import { priceMargins } from '../../core/planning/margin.ts';
import { nearestFlows } from '../../core/planning/policies/nearest.ts';
import { backWork, comingBack, type PutOff, putOffOf } from '../../core/planning/put-off.ts';
import { learnedCurves, warmCurves } from '../../core/planning/warm-start.ts';
import type { LoopSpec } from './closed-loop.ts';
import type { PlantOrder } from './plant-step.ts';
import { type PlantOrders, plantOrders } from './plants.ts';
import type { PlanningRun, Run } from './run.ts';
import { errorOf } from './weather-errors.ts';

/** How far plans look whose hours depend on each other, as in production. */
const HORIZON_SLOTS = 24;

/** A plan of the closed loop, from what is known when it is made. */
export interface Planned {
  madeUtcMs: number;
  inputs: PlanningInputs;
  gap: number;
  /** Flows of the hour that holds an instant, and what it was planned for, by zone and class. */
  at(utcMs: number): Float64Array;
  demandAt(utcMs: number): Float64Array;
  /** What that hour puts off to later ones, where work may wait, and what its plants are to do. */
  putOff?(utcMs: number): PutOff | undefined;
  orders?(utcMs: number): (PlantOrder | undefined)[];
  /** What it leaves to the next: of its hours, what is put off. */
  left?: { header: Horizon; putOff: PutOff[] };
}

/**
 * The hours until there is another plan, where slots do not depend on each other; else as many as a
 * deployment plans, from what this run has in its batteries and has put off.
 */
export function plan(
  spec: LoopSpec,
  open: PublicFleet,
  states: DemandStates,
  utcMs: number,
  heardLost: boolean,
  run: PlanningRun,
): Planned {
  const inputs = inputsOf(spec, open, states, utcMs, run.knows === 'foresight', run);
  if (run.waiting) {
    inputs.backReqPerS =
      run.knows === 'foresight'
        ? run.waiting.back(inputs.startUtcMs, inputs.slotCount)
        : run.planned?.left && comingBack(open, run.planned.left, inputs);
  }
  const problem = assembleDispatch(open, inputs, inputs.demandReqPerS, backWork(open, inputs));
  // Nobody knows when a loss will end.
  if (heardLost) problem.sites.find((s) => s.id === spec.lost?.site)?.maxLoad.fill(0);
  const sites = assembleSites(spec.fleet, inputs, run.plants?.states(utcMs));
  const goesOn = run.waiting !== undefined || run.plants !== undefined;
  const warm = goesOn ? warmCurves(open, inputs, run.learned) : undefined;
  const settings = { gapTarget: spec.gapTarget };
  const { flow, unserved, certificate, state } = solve(problem, sites, settings, undefined, warm);
  if (goesOn) run.learned = learnedCurves(open, inputs, problem, state);
  return {
    ...madeOf(inputs, utcMs, flow),
    gap: certificate.gap,
    ...carriedBy(open, problem, inputs, flow, unserved),
    ...(run.plants && ordersOf(inputs, plantOrders(problem, sites, flow))),
  };
}

/** What the nearest sites expect to serve: what their plants are run for. */
export function nearestPlan(
  spec: LoopSpec,
  open: PublicFleet,
  states: DemandStates,
  utcMs: number,
  run: Run,
): Planned {
  const inputs = inputsOf(spec, open, states, utcMs, false, run);
  const problem = assembleDispatch(open, inputs, inputs.demandReqPerS);
  const sites = assembleSites(spec.fleet, inputs, run.plants?.states(utcMs));
  const { flow } = nearestFlows(open, problem);
  return {
    ...madeOf(inputs, utcMs, flow),
    gap: 0,
    ...ordersOf(inputs, plantOrders(problem, sites, flow)),
  };
}

function inputsOf(
  spec: LoopSpec,
  open: PublicFleet,
  states: DemandStates,
  utcMs: number,
  isForesight: boolean,
  run: Run,
): PlanningInputs {
  const startUtcMs = floorToHour(utcMs);
  const endUtcMs = spec.startUtcMs + spec.hours * MS_PER_HOUR;
  const untilNext = Math.ceil((utcMs - startUtcMs + spec.replanMinutes * 60_000) / MS_PER_HOUR);
  const slotCount =
    run.waiting || run.plants
      ? Math.min(HORIZON_SLOTS, (endUtcMs - startUtcMs) / MS_PER_HOUR)
      : untilNext;
  const horizon = { startUtcMs, slotCount, slotHours: 1 };
  const sites = spec.fleet.sites.map((site, j) =>
    believed(spec, site, j, horizon, utcMs, isForesight),
  );
  if (isForesight) return { ...horizon, sites, demandReqPerS: demandThatCame(spec, horizon) };
  const margins = priceMargins(open, { ...horizon, sites }, spec.demandMargin);
  const { reqPerS } = forecastDemand(open, seen(spec, open, states, utcMs), horizon, margins);
  return { ...horizon, sites, demandReqPerS: reqPerS };
}

/** Slot of a plan that holds an instant. */
const slotOf = ({ startUtcMs }: Horizon, utcMs: number) =>
  Math.floor((utcMs - startUtcMs) / MS_PER_HOUR);

function madeOf(inputs: PlanningInputs, utcMs: number, flow: Float64Array[]) {
  const rows = inputs.demandReqPerS.length / inputs.slotCount;
  return {
    madeUtcMs: utcMs,
    inputs,
    at: (ms: number) => flow[slotOf(inputs, ms)] as Float64Array,
    demandAt: (ms: number) => {
      const from = slotOf(inputs, ms) * rows;
      return inputs.demandReqPerS.subarray(from, from + rows);
    },
  };
}

function carriedBy(
  open: PublicFleet,
  problem: DispatchProblem,
  inputs: PlanningInputs,
  flow: Float64Array[],
  unserved: Float64Array[],
) {
  const putOff = putOffOf(open, problem, inputs, flow, unserved);
  if (!putOff) return {};
  return {
    putOff: (ms: number) => putOff[slotOf(inputs, ms)],
    left: { header: inputs, putOff },
  };
}

function ordersOf(inputs: PlanningInputs, orders: PlantOrders) {
  return { orders: (ms: number) => orders.map((of) => of?.[slotOf(inputs, ms)]) };
}

/** Mean demand of every slot of a horizon as it came. */
export function demandThatCame(
  { asked }: LoopSpec,
  horizon: Pick<PlanningInputs, 'startUtcMs' | 'slotCount' | 'slotHours'>,
): Float64Array {
  const slots = Array.from({ length: horizon.slotCount }, (_, t) =>
    asked.reqPerS(slotUtcMs(horizon, t), MS_PER_HOUR),
  );
  return Float64Array.from(slots.flatMap((slot) => [...slot]));
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

/** States with the hour under way, as soon as a deployment takes it in. */
function seen(spec: LoopSpec, open: PublicFleet, states: DemandStates, utcMs: number) {
  const hourMs = Math.floor(utcMs / MS_PER_HOUR) * MS_PER_HOUR;
  const forMs = utcMs - hourMs;
  if (forMs < MS_PER_HOUR / 12) return states;
  return countUnderWay(open, states, [{ ...counted(spec, hourMs, forMs), forMs }]);
}

/** An hour as the router counts it, or its first part. */
export function counted({ fleet, asked }: LoopSpec, utcMs: number, forMs = MS_PER_HOUR) {
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
