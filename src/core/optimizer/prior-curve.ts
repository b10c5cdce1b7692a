import { lateAud, lateCurvature, lateSlope } from '../model/lateness.ts';
import { waitingDerivatives, waitingRequests } from '../model/queueing.ts';
import type { SiteCapability } from './problem.ts';

/** A rising curve of congestion cost by load: AUD per busy server, and per load². */
export interface Curve {
  at(load: number, out: { value: number; slope: number }): void;
  /** ∫ of the curve between two loads, AUD; negative where `to` is below `from`. */
  integralAud(from: number, to: number): number;
}

/** From here on the prior goes on level: its barrier is infinite. */
const FULLEST = 0.999;
/**
 * The public prior ψ(ℓ) of a site's congestion cost: price of waiting times dLq/dℓ, with the price of
 * lateness where there is one.
 */
export function priorCurve(site: SiteCapability): Curve {
  const { servers, variability, costAudPerWaiting, lateness } = site.prior;
  const queue = { servers, variability };
  const w = costAudPerWaiting / servers;
  const at = (load: number, out: { value: number; slope: number }) => {
    const u = Math.min(load / servers, FULLEST);
    const waiting = waitingDerivatives(queue, u);
    out.value = w * waiting.slope;
    out.slope = (w / servers) * waiting.curvature;
    if (!lateness) return;
    out.value += lateSlope(lateness, u) / servers;
    out.slope += lateCurvature(lateness, u) / (servers * servers);
  };
  const fullest = { value: 0, slope: 0 };
  at(FULLEST * servers, fullest);
  const upToAud = (load: number) => {
    const u = Math.min(load / servers, FULLEST);
    return (
      costAudPerWaiting * waitingRequests(queue, u) +
      (lateness ? lateAud(lateness, u) : 0) +
      fullest.value * Math.max(0, load - FULLEST * servers)
    );
  };
  return { at, integralAud: (from, to) => upToAud(to) - upToAud(from) };
}
