import { lateCurvature, lateSlope } from '../model/lateness.ts';
import { waitingDerivatives } from '../model/queueing.ts';
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

export interface CurveSample {
  load: number;
  congestionAud: number;
  slopeAud: number;
}

/** Congestion cost by load, with its derivative. */
export interface CongestionCurve {
  at(load: number, out: { value: number; slope: number }): void;
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

/** The public prior ψ(ℓ) of congestion cost and its derivative. */
function priorAt(site: SiteCapability, load: number): CurveSample {
  const { servers, variability, costAudPerWaiting, lateness } = site.prior;
  const queue = { servers, variability };
  const u = Math.min(load / servers, 0.999);
  const w = costAudPerWaiting / servers;
  const waiting = waitingDerivatives(queue, u);
  const waitingAud = w * waiting.slope;
  const waitingRise = (w / servers) * waiting.curvature;
  if (!lateness) return { load, congestionAud: waitingAud, slopeAud: waitingRise };
  return {
    load,
    congestionAud: waitingAud + lateSlope(lateness, u) / servers,
    slopeAud: waitingRise + lateCurvature(lateness, u) / (servers * servers),
  };
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
    congestionCurve(curve, site).at(load, modelled);
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

/** The curve C(ℓ) as a function ready for the master. */
export function congestionCurve(curve: SlotCurve, site: SiteCapability): CongestionCurve {
  const samples = curve.samples;
  const first = samples[0];
  const last = samples[samples.length - 1];
  if (first === undefined || last === undefined) {
    return {
      at(load, out) {
        const p = priorAt(site, load);
        out.value = p.congestionAud;
        out.slope = p.slopeAud;
      },
    };
  }
  const below = extrapolate(first, site, true);
  const above = extrapolate(last, site, false);
  const bend = bentCoordinate(samples, site);
  const knots = samples.map((q) => {
    const b = bend(q.load);
    return { load: q.load, c: q.congestionAud, xi: b.xi, d: q.slopeAud / b.slope };
  });
  return {
    at(load, out) {
      if (load <= first.load) return below(load, out);
      if (load >= last.load) return above(load, out);
      let i = 1;
      while ((knots[i] as { load: number }).load < load) i++;
      const p = knots[i - 1] as (typeof knots)[number];
      const q = knots[i] as (typeof knots)[number];
      const at = bend(load);
      const width = q.xi - p.xi;
      const rise = q.c - p.c;
      const mean = rise / width;
      if (!(mean > 0)) {
        out.value = p.c;
        out.slope = 0;
        return;
      }
      const x = Math.min(1, Math.max(0, (at.xi - p.xi) / width));
      const bilinear = x * (1 - x);
      const denominator = mean + (p.d + q.d - 2 * mean) * bilinear;
      out.value = p.c + (rise * (mean * x * x + p.d * bilinear)) / denominator;
      const slopeXi =
        (mean * mean * (q.d * x * x + 2 * mean * bilinear + p.d * (1 - x) * (1 - x))) /
        (denominator * denominator);
      out.slope = slopeXi * at.slope;
    },
  };
}

/**
 * Coordinate ξ(ℓ) = ψ(ℓ) + ε ℓ: rising, and following the queue's barrier. ε gives the samples'
 * chord a tenth of its say where the prior is flat.
 */
function bentCoordinate(
  samples: CurveSample[],
  site: SiteCapability,
): (load: number) => { xi: number; slope: number } {
  const first = samples[0] as CurveSample;
  const last = samples[samples.length - 1] as CurveSample;
  const span = Math.max(last.load - first.load, 1e-12);
  const priorRise =
    priorAt(site, last.load).congestionAud - priorAt(site, first.load).congestionAud;
  const epsilon = Math.max((0.1 * priorRise) / span, 1e-9);
  return (load) => {
    const p = priorAt(site, load);
    return { xi: p.congestionAud + epsilon * load, slope: p.slopeAud + epsilon };
  };
}

/**
 * Beyond a sample: the prior's shape, scaled to the site's slope. Upwards it is never scaled up, which
 * would put the barrier too near, but given a line more.
 */
function extrapolate(
  from: CurveSample,
  site: SiteCapability,
  isDownward: boolean,
): (load: number, out: { value: number; slope: number }) => void {
  const prior = priorAt(site, from.load);
  const isFlat = !(prior.slopeAud > 0);
  const steeper = isFlat || (!isDownward && from.slopeAud >= prior.slopeAud);
  const scale = steeper ? 1 : from.slopeAud / prior.slopeAud;
  const line = steeper ? from.slopeAud - prior.slopeAud : 0;
  return (load, out) => {
    const p = priorAt(site, load);
    const bent = scale * (p.congestionAud - prior.congestionAud);
    out.value = from.congestionAud + bent + line * (load - from.load);
    out.slope = scale * p.slopeAud + line;
  };
}
