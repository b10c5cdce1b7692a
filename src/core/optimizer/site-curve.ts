import { type CurveSample, congestionCurve } from './congestion-curve.ts';
import type { SiteCapability } from './problem.ts';

/**
 * What the coordinator has learned of one site in one slot. The model of the marginal cost is
 *   ∂m/∂N_k = a_k + s_k · C(ℓ)
 * with offsets a_k that make it exact at the newest sample, and a rising curve C of congestion cost
 * by load. Between two samples C is the monotone rational quadratic of Delbourgo and Gregory (1985)
 * through their values and slopes, in a coordinate bent by the public queue prior (so a true prior
 * is reproduced, and a barrier is not mistaken for a parabola); beyond the samples it continues by
 * the prior's shape, fitted to the outermost sample's slope.
 */
export interface SlotCurve {
  /** a_k, AUD per (req/s). Length K. */
  offsetAud: Float64Array;
  /** By rising load: load (busy servers), congestion (AUD per busy server), slope (per load²). */
  samples: CurveSample[];
  /**
   * Whether an answer of this optimization has set the offsets. Until then they are a guess, and of
   * an earlier optimization's samples only the shape counts, which a change of price leaves alone.
   */
  anchored: boolean;
}

/** Samples a curve keeps. */
export const MAX_SAMPLES = 6;

export function emptyCurve(classCount: number): SlotCurve {
  return { offsetAud: new Float64Array(classCount), samples: [], anchored: false };
}

/** Whether nothing at all is known of the site. */
export function isEmpty(curve: SlotCurve): boolean {
  return !curve.anchored && curve.samples.length === 0;
}

/**
 * Takes a site's marginal cost (by class) and slope at a load into its curve. The newest sample is
 * believed: offsets are set so that the model meets it exactly in every class, and older samples
 * that would make the curve fall are dropped.
 */
export function learn(
  curve: SlotCurve,
  site: SiteCapability,
  load: number,
  marginalAud: Float64Array,
  slopeAud: number,
): void {
  const K = marginalAud.length;
  const s = site.loadPerReqPerS;
  let congestionAud = 0;
  if (curve.anchored) {
    for (let k = 0; k < K; k++) {
      const offset = curve.offsetAud[k] as number;
      congestionAud += ((marginalAud[k] as number) - offset) / (s[k] as number) / K;
    }
  } else {
    const modelled = { value: 0, slope: 0 };
    congestionCurve(curve.samples, site).at(load, modelled);
    congestionAud = modelled.value;
    // Samples of another queue than the one that answers now would only mislead.
    if (!(slopeAud <= 2 * modelled.slope && modelled.slope <= 2 * slopeAud)) curve.samples = [];
  }
  curve.anchored = true;
  for (let k = 0; k < K; k++) {
    curve.offsetAud[k] = (marginalAud[k] as number) - (s[k] as number) * congestionAud;
  }
  const sameLoad = 1e-9 * Math.max(1, load);
  const noise = 1e-12 * Math.abs(congestionAud);
  const kept = curve.samples.filter(
    (q) =>
      Math.abs(q.load - load) > sameLoad &&
      (q.load < load
        ? q.congestionAud <= congestionAud + noise
        : q.congestionAud >= congestionAud - noise),
  );
  // Far samples teach least.
  kept.sort((a, b) => Math.abs(a.load - load) - Math.abs(b.load - load));
  kept.length = Math.min(kept.length, MAX_SAMPLES - 1);
  kept.push({ load, congestionAud, slopeAud: Math.max(0, slopeAud) });
  curve.samples = kept.sort((a, b) => a.load - b.load);
}
