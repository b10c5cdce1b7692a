import type { Point } from './point.ts';
import type { SlotProgram } from './program.ts';

/** Edges a row begins with, and the most it gains at a time. */
const FIRST_EDGES = 5;
const MOST_ADDED = 3;
/** Share of each site's limit that serving all may use. */
const FILL = 0.9;

/**
 * Marks each row's cheapest edges at the given prices, and edges enough to serve all that can be
 * served: prices of a set that cannot are those of unserved demand, and say nothing of the others.
 */
export function cheapestEdges(full: SlotProgram, prices: Float64Array): Uint8Array {
  const keep = new Uint8Array(full.sourceEdge.length);
  const cost = (e: number) => full.costAud[e]! + prices[full.total[e]!]!;
  const room = full.limit.map((l) => FILL * l);
  const byDemand = Array.from({ length: full.rows }, (_, r) => r).sort(
    (a, b) => full.demand[b]! - full.demand[a]!,
  );
  for (const r of byDemand) {
    const from = full.rowStart[r]!;
    const to = full.rowStart[r + 1]!;
    if (to - from <= 2 * FIRST_EDGES) {
      keep.fill(1, from, to);
      continue;
    }
    markLeast(keep, from, to, FIRST_EDGES, cost);
    let left = full.demand[r]!;
    while (left > 0) {
      let best = -1;
      for (let e = from; e < to; e++) {
        if (room[full.site[e]!]! > 0 && (best < 0 || cost(e) < cost(best))) best = e;
      }
      if (best < 0) break;
      const j = full.site[best]!;
      const placed = Math.min(left, room[j]! / full.load[best]!);
      left -= placed;
      room[j] = left > 0 ? 0 : room[j]! - placed * full.load[best]!;
      keep[best] = 1;
    }
  }
  return keep;
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

/** Marks in every row the best few of the edges left aside that are cheaper than its price π. */
export function addCheaperEdges(full: SlotProgram, keep: Uint8Array, solved: Point): void {
  for (let r = 0; r < full.rows; r++) {
    markLeast(keep, full.rowStart[r]!, full.rowStart[r + 1]!, MOST_ADDED, (e) => {
      const saved = saving(full, solved, r, e);
      return saved > 0 ? -saved : Number.POSITIVE_INFINITY;
    });
  }
}

function saving(full: SlotProgram, solved: Point, r: number, e: number): number {
  return solved.pi[r]! - full.costAud[e]! - solved.price[full.total[e]!]!;
}

/** Marks the `count` edges of least value in [from, to), `count` being small. */
function markLeast(
  keep: Uint8Array,
  from: number,
  to: number,
  count: number,
  value: (e: number) => number,
): void {
  for (let n = 0; n < count; n++) {
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let e = from; e < to; e++) {
      if (keep[e]) continue;
      const v = value(e);
      if (v < least) {
        best = e;
        least = v;
      }
    }
    if (best < 0) return;
    keep[best] = 1;
  }
}
