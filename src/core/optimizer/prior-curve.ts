import { lateAud, lateCurvature, lateSlope } from '../model/lateness.ts';
import { waitExponent, waitingRequests } from '../model/queueing.ts';
import type { SiteCapability } from './problem.ts';

/** A rising curve of congestion cost by load: AUD per busy server, and per load². */
export interface Curve {
  at(load: number, out: { value: number; slope: number }): void;
  /** ∫ of the curve between two loads, AUD; negative where `to` is below `from`. */
  integralAud(from: number, to: number): number;
}

/** From here on the prior goes on level: its barrier is infinite. */
const FULLEST = 0.999;
/** dLq/du of the smallest utilisation told from none. */
const LEAST = 1e-12;

/**
 * The public prior ψ(ℓ) of a site's congestion cost: price of waiting times dLq/dℓ, with the price of
 * lateness where there is one. What {@link waitingDerivatives} says, with all that does not depend on
 * the load worked out once: masters evaluate it more than anything else.
 */
export function priorCurve(site: SiteCapability): Curve {
  const { servers, variability, costAudPerWaiting, lateness } = site.prior;
  const m = waitExponent(servers);
  const valueAud = (costAudPerWaiting * variability) / servers;
  const slopeAud = valueAud / servers;
  const at = (load: number, out: { value: number; slope: number }) => {
    const u = Math.max(Math.min(load / servers, FULLEST), LEAST);
    const free = 1 - u;
    const scaled = u ** (m - 2) / (free * free);
    const bracket = m * (m - 1) * free * free + 2 * m * u * free + 2 * u * u;
    out.value = load > 0 ? valueAud * scaled * u * (m * free + u) : 0;
    out.slope = (slopeAud * scaled * bracket) / free;
    if (!lateness) return;
    out.value += lateSlope(lateness, u) / servers;
    out.slope += lateCurvature(lateness, u) / (servers * servers);
  };
  const fullest = { value: 0, slope: 0 };
  at(FULLEST * servers, fullest);
  const upToAud = (load: number) => {
    const u = Math.min(load / servers, FULLEST);
    return (
      costAudPerWaiting * waitingRequests({ servers, variability }, u) +
      (lateness ? lateAud(lateness, u) : 0) +
      fullest.value * Math.max(0, load - FULLEST * servers)
    );
  };
  return { at, integralAud: (from, to) => upToAud(to) - upToAud(from) };
}
