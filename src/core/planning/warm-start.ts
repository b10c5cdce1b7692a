import type { PublicFleet } from '../model/fleet.ts';
import { MS_PER_HOUR } from '../model/units.ts';
import type { DispatchProblem, SiteCapability } from '../optimizer/problem.ts';
import { type CurveSample, MAX_SAMPLES, type SlotCurve } from '../optimizer/site-curve.ts';
import { loadOf } from '../optimizer/site-subproblem.ts';
import type { ConsensusState, SiteState } from '../optimizer/state.ts';
import type { PlanningInputs } from './inputs.ts';

/**
 * What one optimization leaves to the next: the sites' learned curves, by slot. Only a first guess: a
 * wrong one costs a round, never correctness.
 */
export interface LearnedCurves {
  /** Of this layout; others are forgotten. */
  version: 2;
  startUtcMs: number;
  slotHours: number;
  slotCount: number;
  classCount: number;
  /** Site id to its slots, {@link stride} values each: offsets by class, then samples. */
  sites: Record<string, Float64Array>;
}

function stride(classCount: number): number {
  return classCount + 3 * MAX_SAMPLES;
}

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
    const all = new Float64Array(slotCount * stride(K)).fill(Number.NaN);
    curves.forEach((curve, t) => {
      all.set(curve.offsetAud, t * stride(K));
      nearest(curve.samples, load(j, t)).forEach((s, n) => {
        all.set([s.load, s.congestionAud, s.slopeAud], t * stride(K) + K + 3 * n);
      });
    });
    sites[site.id] = all;
  });
  return { version: 2, startUtcMs, slotHours, slotCount, classCount: K, sites };
}

/** The samples nearest a load, by rising load. */
function nearest(samples: CurveSample[], load: number): CurveSample[] {
  return samples
    .toSorted((a, b) => Math.abs(a.load - load) - Math.abs(b.load - load))
    .slice(0, MAX_SAMPLES)
    .sort((a, b) => a.load - b.load);
}

/** Curves for the slots of new inputs: those of the same hour, else of the same hour a day off. */
export function warmCurves(
  fleet: PublicFleet,
  inputs: PlanningInputs,
  learned: LearnedCurves | undefined,
): ((site: number, slot: number) => SlotCurve | undefined) | undefined {
  const K = fleet.classes.length;
  if (learned?.version !== 2) return undefined;
  if (learned.classCount !== K || learned.slotHours !== inputs.slotHours) return undefined;
  const shift = (inputs.startUtcMs - learned.startUtcMs) / (inputs.slotHours * MS_PER_HOUR);
  const perDay = Math.round(24 / inputs.slotHours);
  return (j, t) => {
    const all = learned.sites[fleet.sites[j]?.id ?? ''];
    let slot = t + shift;
    if (!all || !Number.isInteger(slot)) return undefined;
    while (slot >= learned.slotCount) slot -= perDay;
    if (slot < 0) return undefined;
    return curveAt(all.subarray(slot * stride(K), (slot + 1) * stride(K)), K);
  };
}

/** The curves as another optimization of the same slots left them. */
export function warmFrom(state: ConsensusState) {
  return (site: number, slot: number): SlotCurve | undefined => {
    const curve = state.sites[site]?.curves[slot];
    return curve && { ...curve, anchored: false };
  };
}

function curveAt(values: Float64Array, K: number): SlotCurve {
  const samples: CurveSample[] = [];
  for (let n = K; n < values.length; n += 3) {
    const [load, congestionAud, slopeAud] = values.subarray(n, n + 3) as unknown as number[];
    if (!Number.isNaN(load)) {
      samples.push({ load, congestionAud, slopeAud } as CurveSample);
    }
  }
  return { offsetAud: values.slice(0, K), samples, anchored: false };
}
