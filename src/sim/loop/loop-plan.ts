import {
  countUnderWay,
  type DemandStates,
  forecastDemand,
  seriesKey,
} from '../../core/forecast/demand.ts';
import type { Fleet, PublicFleet } from '../../core/model/fleet.ts';
import { MS_PER_HOUR } from '../../core/model/units.ts';
import { solve } from '../../core/optimizer/solve.ts';
import { assembleDispatch, assembleSites } from '../../core/planning/assemble.ts';
import { type PlanningInputs, slotUtcMs } from '../../core/planning/inputs.ts';
import type { LoopSpec } from './closed-loop.ts';
import { errorOf } from './weather-errors.ts';

/** A plan of the closed loop, from what is known when it is made. */
export interface Planned {
  madeUtcMs: number;
  inputs: PlanningInputs;
  gap: number;
  /** Flows of the hour that holds an instant, and what it was planned for, by zone and class. */
  at(utcMs: number): Float64Array;
  demandAt(utcMs: number): Float64Array;
}

/** The hours until there is another plan: slots of such fleets do not depend on each other. */
export function plan(
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
      ? demandThatCame(spec, horizon)
      : forecastDemand(open, seen(spec, open, states, utcMs), horizon, spec.demandMargin).reqPerS,
  };
  const problem = assembleDispatch(open, inputs, inputs.demandReqPerS);
  // Nobody knows when a loss will end.
  if (heardLost) problem.sites.find((s) => s.id === spec.lost?.site)?.maxLoad.fill(0);
  const { flow, certificate } = solve(problem, assembleSites(spec.fleet, inputs), {
    gapTarget: spec.gapTarget,
  });
  const slotOf = (ms: number) => Math.floor((ms - startUtcMs) / MS_PER_HOUR);
  const rows = inputs.demandReqPerS.length / slotCount;
  return {
    madeUtcMs: utcMs,
    inputs,
    gap: certificate.gap,
    at: (ms) => flow[slotOf(ms)] as Float64Array,
    demandAt: (ms) => inputs.demandReqPerS.subarray(slotOf(ms) * rows, (slotOf(ms) + 1) * rows),
  };
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
