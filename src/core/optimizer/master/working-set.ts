import type { Point } from './point.ts';
import type { SlotProgram } from './program.ts';

/** Share of a row's demand from which an edge is in use: an interior point uses every edge a little. */
const USED = 0.06;
/** Share of each site's limit that serving all may use. */
const FILL = 0.9;

/**
 * Marks in each row its cheapest edge at the given prices, those within a band above it up to
 * `most` in all, and edges enough to serve all that can be served: prices of a set that cannot are
 * those of unserved demand, and say nothing of the others.
 * @param band relative to the row's least cost; infinite takes `most` of every row
 */
export function promisingEdges(
  full: SlotProgram,
  prices: Float64Array,
  band: number,
  most: number,
): Uint8Array {
  const { rowStart, costAud, total, site, load, demand } = full;
  const keep = new Uint8Array(full.sourceEdge.length);
  const cost = new Float64Array(costAud.length);
  for (let e = 0; e < cost.length; e++) cost[e] = costAud[e]! + prices[total[e]!]!;
  const room = full.limit.map((l) => FILL * l);
  for (let r = 0; r < full.rows; r++) {
    const from = rowStart[r]!;
    const to = rowStart[r + 1]!;
    let least = Number.POSITIVE_INFINITY;
    for (let e = from; e < to; e++) if (cost[e]! < least) least = cost[e]!;
    markWithin(keep, from, to, most, cost, least + band * Math.abs(least));
    let left = demand[r]!;
    while (left > 0) {
      let best = -1;
      for (let e = from; e < to; e++) {
        if (room[site[e]!]! > 0 && (best < 0 || cost[e]! < cost[best]!)) best = e;
      }
      if (best < 0) break;
      const j = site[best]!;
      const placed = Math.min(left, room[j]! / load[best]!);
      left -= placed;
      room[j] = left > 0 ? 0 : room[j]! - placed * load[best]!;
      keep[best] = 1;
    }
  }
  return keep;
}

/** Marks the edges up to `limit`, or the `most` cheapest of them where there are more. */
function markWithin(
  keep: Uint8Array,
  from: number,
  to: number,
  most: number,
  cost: Float64Array,
  limit: number,
): void {
  let count = 0;
  for (let e = from; e < to; e++) {
    if (cost[e]! > limit) continue;
    keep[e] = 1;
    count++;
  }
  if (count <= most) return;
  keep.fill(0, from, to);
  markLeast(keep, from, to, most, cost, limit);
}

/** Marks the edges a flow uses to speak of: by edge of the dispatch problem, req/s. */
export function keepUsedEdges(full: SlotProgram, keep: Uint8Array, flow: Float64Array): void {
  const { rowStart, sourceEdge, demand } = full;
  for (let r = 0; r < full.rows; r++) {
    const least = USED * demand[r]!;
    for (let e = rowStart[r]!; e < rowStart[r + 1]!; e++) {
      if (flow[sourceEdge[e]!]! > least) keep[e] = 1;
    }
  }
}

/** What the solution could gain at most by the edges left aside, AUD (weak duality). */
export function gainLeftAside(full: SlotProgram, keep: Uint8Array, solved: Point): number {
  let gain = 0;
  for (let r = 0; r < full.rows; r++) {
    let most = 0;
    for (let e = full.rowStart[r]!; e < full.rowStart[r + 1]!; e++) {
      if (!keep[e]) most = Math.max(most, saving(full, solved, r, e));
    }
    gain += full.demand[r]! * most;
  }
  return gain;
}

/** Marks in every row the best `most` of the edges left aside that are cheaper than its price π. */
export function addCheaperEdges(
  full: SlotProgram,
  keep: Uint8Array,
  solved: Point,
  most: number,
): void {
  const excess = new Float64Array(full.sourceEdge.length);
  for (let r = 0; r < full.rows; r++) {
    const from = full.rowStart[r]!;
    const to = full.rowStart[r + 1]!;
    for (let e = from; e < to; e++) {
      excess[e] = -saving(full, solved, r, e);
    }
    markLeast(keep, from, to, most, excess, -Number.MIN_VALUE);
  }
}

function saving(full: SlotProgram, solved: Point, r: number, e: number): number {
  return solved.pi[r]! - full.costAud[e]! - solved.price[full.total[e]!]!;
}

/** Marks the `count` unmarked edges of least value up to `limit` in [from, to); `count` is small. */
function markLeast(
  keep: Uint8Array,
  from: number,
  to: number,
  count: number,
  value: Float64Array,
  limit: number,
): void {
  for (let n = 0; n < count; n++) {
    let best = -1;
    for (let e = from; e < to; e++) {
      if (keep[e] || value[e]! > limit) continue;
      if (best < 0 || value[e]! < value[best]!) best = e;
    }
    if (best < 0) return;
    keep[best] = 1;
  }
}
