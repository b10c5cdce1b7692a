import { type Curve, priorCurve } from './prior-curve.ts';
import type { SiteCapability } from './problem.ts';

/** What an answer taught of a site's congestion cost in one slot. */
export interface CurveSample {
  load: number;
  congestionAud: number;
  slopeAud: number;
}

interface Value {
  value: number;
  slope: number;
}

/** The curve C(ℓ) as functions ready for the master. */
export function congestionCurve(samples: CurveSample[], site: SiteCapability): Curve {
  const prior = priorCurve(site);
  if (samples.length === 0) return prior;
  const first = samples[0] as CurveSample;
  const last = samples[samples.length - 1] as CurveSample;
  const priors = samples.map(({ load }) => {
    const out = { value: 0, slope: 0 };
    prior.at(load, out);
    return out;
  });
  const below = extrapolate(first, prior, priors[0] as Value, true);
  const above = extrapolate(last, prior, priors[priors.length - 1] as Value, false);
  const between = samples.length > 1 ? interpolate(samples, prior, priors) : below;
  return {
    at(load, out) {
      if (load <= first.load) below.at(load, out);
      else if (load >= last.load) above.at(load, out);
      else between.at(load, out);
    },
    integralAud(from, to) {
      const low = Math.min(from, to);
      const high = Math.max(from, to);
      let aud = 0;
      if (low < first.load) aud += below.integralAud(low, Math.min(high, first.load));
      if (high > last.load) aud += above.integralAud(Math.max(low, last.load), high);
      if (high > first.load && low < last.load) {
        aud += between.integralAud(Math.max(low, first.load), Math.min(high, last.load));
      }
      return from <= to ? aud : -aud;
    },
  };
}

/**
 * Between samples, in the coordinate ξ(ℓ) = ψ(ℓ) + ε ℓ: rising, and following the queue's barrier.
 * ε gives the samples' chord a tenth of its say where the prior is flat.
 * @param priors of the samples
 */
function interpolate(samples: CurveSample[], prior: Curve, priors: Value[]): Curve {
  const n = samples.length;
  const first = samples[0] as CurveSample;
  const last = samples[n - 1] as CurveSample;
  const span = Math.max(last.load - first.load, 1e-12);
  const priorRise = (priors[n - 1] as Value).value - (priors[0] as Value).value;
  const epsilon = Math.max((0.1 * priorRise) / span, 1e-9);
  const knots = samples.map((q, i) => {
    const { value, slope } = priors[i] as Value;
    return {
      load: q.load,
      c: q.congestionAud,
      xi: value + epsilon * q.load,
      d: q.slopeAud / (slope + epsilon),
    };
  });
  const piece = { value: 0, slope: 0 };
  const at = (load: number, out: Value) => {
    let i = 1;
    while (i < n - 1 && (knots[i] as { load: number }).load < load) i++;
    const p = knots[i - 1] as (typeof knots)[number];
    const q = knots[i] as (typeof knots)[number];
    const width = q.xi - p.xi;
    const rise = q.c - p.c;
    const mean = rise / width;
    if (!(mean > 0)) {
      out.value = p.c;
      out.slope = 0;
      return;
    }
    prior.at(load, piece);
    const x = Math.min(1, Math.max(0, (piece.value + epsilon * load - p.xi) / width));
    const bilinear = x * (1 - x);
    const denominator = mean + (p.d + q.d - 2 * mean) * bilinear;
    out.value = p.c + (rise * (mean * x * x + p.d * bilinear)) / denominator;
    const slopeXi =
      (mean * mean * (q.d * x * x + 2 * mean * bilinear + p.d * (1 - x) * (1 - x))) /
      (denominator * denominator);
    out.slope = slopeXi * (piece.slope + epsilon);
  };
  const there = { value: 0, slope: 0 };
  const valueAt = (load: number) => {
    at(load, there);
    return there.value;
  };
  return {
    at,
    integralAud(from, to) {
      let aud = 0;
      for (let i = 1; i < n; i++) {
        const low = Math.max(from, (knots[i - 1] as { load: number }).load);
        const high = Math.min(to, (knots[i] as { load: number }).load);
        if (high > low) aud += gauss(valueAt, low, high);
      }
      return aud;
    },
  };
}

/** Gauss–Legendre of five points on [−1, 1]. */
const NODES = [0, 0.5384693101056831, 0.906179845938664];
const WEIGHTS = [0.5688888888888889, 0.4786286704993665, 0.2369268850561891];

function gauss(f: (x: number) => number, from: number, to: number): number {
  const half = (to - from) / 2;
  const middle = from + half;
  let sum = (WEIGHTS[0] as number) * f(middle);
  for (const n of [1, 2]) {
    const reach = half * (NODES[n] as number);
    sum += (WEIGHTS[n] as number) * (f(middle - reach) + f(middle + reach));
  }
  return half * sum;
}

/**
 * Beyond a sample: the prior's shape, scaled to the site's slope. Upwards it is never scaled up, which
 * would put the barrier too near, but given a line more.
 * @param there the prior at the sample
 */
function extrapolate(from: CurveSample, prior: Curve, there: Value, isDownward: boolean): Curve {
  const isFlat = !(there.slope > 0);
  const steeper = isFlat || (!isDownward && from.slopeAud >= there.slope);
  const scale = steeper ? 1 : from.slopeAud / there.slope;
  const line = steeper ? from.slopeAud - there.slope : 0;
  return {
    at(load, out) {
      prior.at(load, out);
      out.value =
        from.congestionAud + scale * (out.value - there.value) + line * (load - from.load);
      out.slope = scale * out.slope + line;
    },
    integralAud(a, b) {
      const level = (from.congestionAud - scale * there.value) * (b - a);
      const square = (b - from.load) ** 2 - (a - from.load) ** 2;
      return level + scale * prior.integralAud(a, b) + (line / 2) * square;
    },
  };
}
