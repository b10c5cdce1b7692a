import type { DispatchProblem } from '../problem.ts';

/**
 * Order in which the sites are eliminated, so that sites sharing rows stand close together and the
 * factor stays near the diagonal: reverse Cuthill–McKee (Cuthill and McKee 1969, George 1971) on the
 * graph of sites that share a row. Where zones use their nearest sites, its band grows with the
 * square root of the fleet; where every zone may use every site, no order helps.
 */
export function siteOrder(p: DispatchProblem): Int32Array {
  const neighbours = sharingSites(p);
  const J = p.sites.length;
  const visited = new Uint8Array(J);
  const byDegree = Array.from({ length: J }, (_, j) => j).sort(
    (a, b) => neighbours[a]!.length - neighbours[b]!.length,
  );
  const order: number[] = [];
  for (const seed of byDegree) {
    if (visited[seed]) continue;
    const start = farthest(neighbours, farthest(neighbours, seed));
    visited[start] = 1;
    const head = order.length;
    order.push(start);
    for (let n = head; n < order.length; n++) {
      for (const j of neighbours[order[n]!]!) {
        if (visited[j]) continue;
        visited[j] = 1;
        order.push(j);
      }
    }
  }
  return Int32Array.from(order.reverse());
}

/** By site: the sites it shares a row with, those of least degree first. */
function sharingSites(p: DispatchProblem): number[][] {
  const J = p.sites.length;
  const shares = new Uint8Array(J * J);
  const rows = p.rowStart.length - 1;
  for (let r = 0; r < rows; r++) {
    for (let e = p.rowStart[r]!; e < p.rowStart[r + 1]!; e++) {
      const at = p.edgeSite[e]! * J;
      for (let f = p.rowStart[r]!; f < p.rowStart[r + 1]!; f++) shares[at + p.edgeSite[f]!] = 1;
    }
  }
  const lists = Array.from({ length: J }, (_, j) => {
    const list: number[] = [];
    for (let i = 0; i < J; i++) if (i !== j && shares[j * J + i]) list.push(i);
    return list;
  });
  for (const list of lists) list.sort((a, b) => lists[a]!.length - lists[b]!.length);
  return lists;
}

/** The last site a breadth-first search from `start` reaches. */
function farthest(neighbours: number[][], start: number): number {
  const seen = new Set([start]);
  let last = start;
  for (const at of seen) {
    last = at;
    for (const next of neighbours[at]!) seen.add(next);
  }
  return last;
}
