import type { RequestClass } from './fleet.ts';

/**
 * Waiting before service at a site of c identical servers, G/G/c.
 * Allen–Cunneen's approximation with Sakasegawa's exponent (Sakasegawa 1977):
 *   Lq(u) = V · u^m / (1 − u),   m = √(2(c + 1)),   V = (Ca² + Cs²) / 2
 * Lq is the mean number of waiting requests; by Little's law the mean wait is Lq / arrival rate.
 * Convex and increasing in u on [0, 1), whatever the mix of classes, since it depends on load alone.
 * (Copies of the formula without the −1 in the wait's exponent give Lq; here it is Lq we want.)
 */
export interface Queue {
  /** c, tensor-parallel servers at the site. */
  servers: number;
  /** (Ca² + Cs²) / 2, dimensionless: 1 for M/M/c. */
  variability: number;
}

/** V of a mix of classes: the plain mean of (Ca² + Cs²)/2. */
export function variability(classes: readonly RequestClass[]): number {
  return classes.reduce((sum, c) => sum + (c.arrivalScv + c.serviceScv) / 2, 0) / classes.length;
}

/** m, Sakasegawa’s exponent; at least 2. */
export function waitExponent(servers: number): number {
  return Math.sqrt(2 * (servers + 1));
}

/** Mean number of waiting requests at utilisation u in [0, 1); Infinity at u ≥ 1. */
export function waitingRequests(q: Queue, utilisation: number): number {
  if (utilisation >= 1) return Number.POSITIVE_INFINITY;
  if (utilisation <= 0) return 0;
  return (q.variability * utilisation ** waitExponent(q.servers)) / (1 - utilisation);
}

/** dLq/du. */
export function waitingSlope(q: Queue, utilisation: number): number {
  if (utilisation >= 1) return Number.POSITIVE_INFINITY;
  if (utilisation <= 0) return 0;
  const m = waitExponent(q.servers);
  const free = 1 - utilisation;
  return (q.variability * utilisation ** (m - 1) * (m * free + utilisation)) / (free * free);
}

/** d²Lq/du². */
export function waitingCurvature(q: Queue, utilisation: number): number {
  return waitingDerivatives(q, utilisation).curvature;
}

/** dLq/du and d²Lq/du² with one power between them: what the optimizer's models evaluate most. */
export function waitingDerivatives(
  q: Queue,
  utilisation: number,
): { slope: number; curvature: number } {
  if (utilisation >= 1) {
    return { slope: Number.POSITIVE_INFINITY, curvature: Number.POSITIVE_INFINITY };
  }
  const m = waitExponent(q.servers);
  const u = Math.max(utilisation, 1e-12);
  const free = 1 - u;
  const scaled = (q.variability * u ** (m - 2)) / (free * free);
  const bracket = m * (m - 1) * free * free + 2 * m * u * free + 2 * u * u;
  return {
    slope: utilisation > 0 ? scaled * u * (m * free + u) : 0,
    curvature: (scaled * bracket) / free,
  };
}

/**
 * Probability that an arriving request waits at all, u^(m−1): the factor that turns the wait of the
 * waiting into the mean wait in Sakasegawa's formula.
 */
export function waitProbability(servers: number, utilisation: number): number {
  if (utilisation >= 1) return 1;
  return Math.max(utilisation, 0) ** (waitExponent(servers) - 1);
}
