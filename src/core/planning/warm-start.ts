import type { PublicFleet } from '../model/fleet.ts';
import { MS_PER_HOUR } from '../model/units.ts';
import type { CurveSample } from '../optimizer/congestion-curve.ts';
import type { WarmStart } from '../optimizer/consensus.ts';
import { type Cut, PIECES } from '../optimizer/cut.ts';
import type { DispatchProblem, SiteCapability } from '../optimizer/problem.ts';
import { MAX_SAMPLES, type SlotCurve } from '../optimizer/site-curve.ts';
import { loadOf } from '../optimizer/site-subproblem.ts';
import type { ConsensusState, SiteState } from '../optimizer/state.ts';
import type { PlanningInputs } from './inputs.ts';

/**
 * What one optimization leaves to the next: the sites' learned curves, and the last bounds of those
 * whose slots something joins, by slot. Only a first guess: a wrong one costs a round, never
 * correctness.
 */
export interface LearnedCurves {
  /** Of this layout; others are forgotten. */
  version: 3;
  startUtcMs: number;
  slotHours: number;
  slotCount: number;
  classCount: number;
  /** Site id to its slots, {@link stride} values each: offsets by class, then samples, then cuts. */
  sites: Record<string, Float64Array>;
}

function stride(classCount: number, cuts: number): number {
  return classCount + 3 * MAX_SAMPLES + cuts * cutStride(classCount);
}

/** Of a cut in one slot: S intercepts, shares of the peak and marginals by class. */
function cutStride(classCount: number): number {
  return PIECES * (classCount + 2);
}

/** Values of a site's cuts that are worth keeping: a Durable Object's value ends at 2 MB. */
const MOST_CUT_VALUES = 1e5;

export function learnedCurves(
  fleet: PublicFleet,
  inputs: PlanningInputs,
  p: DispatchProblem,
  state: ConsensusState,
): LearnedCurves {
  const K = fleet.classes.length;
  const { startUtcMs, slotHours, slotCount } = inputs;
  const sites: LearnedCurves['sites'] = {};
  const load = (j: number, t: number) =>
    loadOf((p.sites[j] as SiteCapability).loadPerReqPerS, (state.sites[j] as SiteState).totals, t);
  fleet.sites.forEach((site, j) => {
    const curves = state.sites[j]?.curves ?? [];
    if (curves.some((c) => !c.anchored)) return;
    const latest = state.sites[j]?.latestCuts ?? [];
    const most = Math.floor(MOST_CUT_VALUES / (slotCount * cutStride(K)));
    const cuts = latest.slice(0, most);
    const width = stride(K, cuts.length);
    const all = new Float64Array(slotCount * width).fill(Number.NaN);
    curves.forEach((curve, t) => {
      all.set(curve.offsetAud, t * width);
      nearest(curve.samples, load(j, t)).forEach((s, n) => {
        all.set([s.load, s.congestionAud, s.slopeAud], t * width + K + 3 * n);
      });
      cuts.forEach((cut, n) => {
        const from = t * width + stride(K, n);
        all.set(cut.interceptAud.subarray(t * PIECES, (t + 1) * PIECES), from);
        all.set(cut.peakShare.subarray(t * PIECES, (t + 1) * PIECES), from + PIECES);
        const marginals = cut.marginalAud.subarray(t * PIECES * K, (t + 1) * PIECES * K);
        all.set(marginals, from + 2 * PIECES);
      });
    });
    sites[site.id] = all;
  });
  return { version: 3, startUtcMs, slotHours, slotCount, classCount: K, sites };
}

/** The samples nearest a load, by rising load. */
function nearest(samples: CurveSample[], load: number): CurveSample[] {
  return samples
    .toSorted((a, b) => Math.abs(a.load - load) - Math.abs(b.load - load))
    .slice(0, MAX_SAMPLES)
    .sort((a, b) => a.load - b.load);
}

/** Curves and cuts for the slots of new inputs: those of the same hour, else of the same hour a day off. */
export function warmCurves(
  fleet: PublicFleet,
  inputs: PlanningInputs,
  learned: LearnedCurves | undefined,
): WarmStart | undefined {
  const K = fleet.classes.length;
  if (learned?.version !== 3) return undefined;
  if (learned.classCount !== K || learned.slotHours !== inputs.slotHours) return undefined;
  const shift = (inputs.startUtcMs - learned.startUtcMs) / (inputs.slotHours * MS_PER_HOUR);
  const perDay = Math.round(24 / inputs.slotHours);
  /** What is known of a site in a slot, if anything. */
  const known = (j: number, t: number): Float64Array | undefined => {
    const all = learned.sites[fleet.sites[j]?.id ?? ''];
    let slot = t + shift;
    if (!all || !Number.isInteger(slot)) return undefined;
    while (slot >= learned.slotCount) slot -= perDay;
    if (slot < 0) return undefined;
    const width = all.length / learned.slotCount;
    return all.subarray(slot * width, (slot + 1) * width);
  };
  const warm: WarmStart = (j, t) => {
    const values = known(j, t);
    return values && curveAt(values, K);
  };
  warm.cuts = (j) => {
    const slots = Array.from({ length: inputs.slotCount }, (_, t) => known(j, t));
    return slots.every((values) => values !== undefined) ? cutsAt(slots, K) : undefined;
  };
  return warm;
}

/** The curves and cuts as another optimization of the same slots left them. */
export function warmFrom(state: ConsensusState): WarmStart {
  const warm: WarmStart = (site, slot) => {
    const curve = state.sites[site]?.curves[slot];
    return curve && { ...curve, anchored: false };
  };
  warm.cuts = (site) => state.sites[site]?.latestCuts.slice();
  return warm;
}

function cutsAt(slots: Float64Array[], K: number): Cut[] {
  const T = slots.length;
  const width = (slots[0] as Float64Array).length;
  const count = (width - stride(K, 0)) / cutStride(K);
  return Array.from({ length: count }, (_, n) => {
    const cut: Cut = {
      interceptAud: new Float64Array(T * PIECES),
      peakShare: new Float64Array(T * PIECES),
      marginalAud: new Float64Array(T * PIECES * K),
    };
    slots.forEach((values, t) => {
      const from = stride(K, n);
      const read = (at: number, length: number) => values.subarray(from + at, from + at + length);
      cut.interceptAud.set(read(0, PIECES), t * PIECES);
      cut.peakShare.set(read(PIECES, PIECES), t * PIECES);
      cut.marginalAud.set(read(2 * PIECES, PIECES * K), t * PIECES * K);
    });
    return cut;
  });
}

function curveAt(values: Float64Array, K: number): SlotCurve {
  const samples: CurveSample[] = [];
  for (let n = K; n < stride(K, 0); n += 3) {
    const [load, congestionAud, slopeAud] = values.subarray(n, n + 3) as unknown as number[];
    if (!Number.isNaN(load)) {
      samples.push({ load, congestionAud, slopeAud } as CurveSample);
    }
  }
  return { offsetAud: values.slice(0, K), samples, anchored: false };
}
