import { type Random, randomOf } from './random.ts';
import type { RequestTrace } from './trace.ts';

/**
 * How a trace of some rate becomes a zone's demand of another.
 *
 * - `superposed`: copies of the trace from random points of it, together, each thinned to the rate.
 *   Bursts keep their length in seconds, and the variance of counts its ratio to the mean where a zone
 *   asks for as much as the trace or more.
 * - `stretched`: one copy, its clock run faster or slower. The gaps keep their variation, the bursts
 *   change their length.
 * - `poisson`: no bursts; only the tokens are the trace's. The control.
 */
export const arrivalKinds = ['superposed', 'stretched', 'poisson'] as const;
export type ArrivalKind = (typeof arrivalKinds)[number];

export interface Arrival {
  timeS: number;
  /** Request of the trace. */
  index: number;
  /** Copy of the trace, and how often it was begun: sessions of different copies differ. */
  copy: number;
  cycle: number;
}

/** Rates by slot, req/s, over [0, slots · slotS). Before and after, the first and the last hold. */
export interface RateProfile {
  slotS: number;
  reqPerS: Float64Array;
}

/** Arrivals of one zone and class in [fromS, toS), in order. */
export function* arrivals(
  trace: RequestTrace,
  profile: RateProfile,
  span: { fromS: number; toS: number },
  kind: ArrivalKind,
  seed: number,
  name: string,
): Generator<Arrival> {
  const most = Math.max(...profile.reqPerS);
  if (!(most > 0)) return;
  if (kind === 'poisson') {
    yield* poisson(trace, profile, span, most, randomOf(seed, `${name} poisson`));
    return;
  }
  if (kind === 'stretched') {
    yield* stretched(trace, profile, span, randomOf(seed, `${name} stretched`));
    return;
  }
  const traceReqPerS = trace.timeS.length / trace.durationS;
  const copies = Math.ceil(most / traceReqPerS);
  const sources = Array.from({ length: copies }, (_, c) =>
    thinned(trace, profile, span, c, randomOf(seed, `${name} copy ${c}`)),
  );
  yield* merged(sources);
}

/** Copy c of a trace: of the ⌈n⌉ copies a slot needs, each keeps n/⌈n⌉ of its requests. */
function* thinned(
  trace: RequestTrace,
  profile: RateProfile,
  { fromS, toS }: { fromS: number; toS: number },
  copy: number,
  random: Random,
): Generator<Arrival> {
  const traceReqPerS = trace.timeS.length / trace.durationS;
  const shiftS = random() * trace.durationS;
  for (const { traceS, index, cycle } of repeated(trace, shiftS)) {
    const timeS = fromS + traceS - shiftS;
    if (timeS >= toS) return;
    const wanted = rateAt(profile, timeS) / traceReqPerS;
    const kept = random();
    if (copy < wanted && kept < wanted / Math.ceil(wanted)) yield { timeS, index, copy, cycle };
  }
}

function* stretched(
  trace: RequestTrace,
  profile: RateProfile,
  { fromS, toS }: { fromS: number; toS: number },
  random: Random,
): Generator<Arrival> {
  const traceReqPerS = trace.timeS.length / trace.durationS;
  const shiftS = random() * trace.durationS;
  let timeS = fromS;
  let clockS = shiftS;
  for (const { traceS, index, cycle } of repeated(trace, shiftS)) {
    // Seconds of the trace pass at the rate of the slot, which may change on the way.
    for (;;) {
      const rate = rateAt(profile, timeS);
      const speed = rate / traceReqPerS;
      const endS = slotEndS(profile, timeS);
      const leftS = (endS - timeS) * speed;
      if (traceS - clockS <= leftS || endS === Number.POSITIVE_INFINITY) {
        timeS = speed > 0 ? timeS + (traceS - clockS) / speed : Number.POSITIVE_INFINITY;
        clockS = traceS;
        break;
      }
      clockS += leftS;
      timeS = endS;
    }
    if (timeS >= toS) return;
    yield { timeS, index, copy: 0, cycle };
  }
}

function* poisson(
  trace: RequestTrace,
  profile: RateProfile,
  { fromS, toS }: { fromS: number; toS: number },
  most: number,
  random: Random,
): Generator<Arrival> {
  let timeS = fromS;
  for (let n = 0; ; n++) {
    timeS -= Math.log(1 - random()) / most;
    if (timeS >= toS) return;
    const index = Math.floor(random() * trace.timeS.length);
    // Thinned to a varying rate (Lewis and Shedler 1979). Every request is a session of its own.
    if (random() * most < rateAt(profile, timeS)) yield { timeS, index, copy: 0, cycle: n };
  }
}

/** Requests of a trace again and again, from a point of it on, on a clock that goes on. */
function* repeated(trace: RequestTrace, fromS: number) {
  let index = trace.timeS.findIndex((t) => t >= fromS);
  let cycle = 0;
  if (index < 0) {
    index = 0;
    cycle = 1;
  }
  for (; ; index = 0, cycle++) {
    for (; index < trace.timeS.length; index++) {
      const traceS = (trace.timeS[index] as number) + cycle * trace.durationS;
      yield { traceS, index, cycle };
    }
  }
}

/** Several streams as one, in order. */
function* merged(sources: Generator<Arrival>[]): Generator<Arrival> {
  const heads = sources.map((s) => s.next());
  for (;;) {
    let first = -1;
    let firstS = Number.POSITIVE_INFINITY;
    heads.forEach((head, n) => {
      if (head.done || head.value.timeS >= firstS) return;
      firstS = head.value.timeS;
      first = n;
    });
    if (first < 0) return;
    yield heads[first]?.value as Arrival;
    heads[first] = (sources[first] as Generator<Arrival>).next();
  }
}

export function slotOf(profile: { slotS: number }, slots: number, timeS: number): number {
  return Math.min(slots - 1, Math.max(0, Math.floor(timeS / profile.slotS)));
}

function rateAt(profile: RateProfile, timeS: number): number {
  return profile.reqPerS[slotOf(profile, profile.reqPerS.length, timeS)] as number;
}

/** End of the slot that holds an instant; the last never ends. */
function slotEndS(profile: RateProfile, timeS: number): number {
  const slot = slotOf(profile, profile.reqPerS.length, timeS);
  const last = slot === profile.reqPerS.length - 1;
  return last ? Number.POSITIVE_INFINITY : (slot + 1) * profile.slotS;
}
