/** S, the pieces of a slot that a site tells. */
export const PIECES = 8;

/**
 * A bound below a site's coupled cost c, in AUD, that falls apart by slot but for one figure r ≥ 0,
 * what a peak of the horizon costs:
 *
 *   c(N) ≥ min_r  r + Σ_t max_i ( interceptAud_ti + marginalAud_ti · N_t − peakShare_ti r )     for N ≥ 0
 *
 * S = {@link PIECES} pieces a slot, in AUD and AUD per (req/s) and slot; where fewer are needed the first is repeated.
 * How the intercepts are spread over slots has no meaning.
 */
export interface Cut {
  /** Index t·S + i. */
  interceptAud: Float64Array;
  /** Index (t·S + i)·K + k. */
  marginalAud: Float64Array;
  /** By how much a piece falls with r, at least 0; those of the first pieces sum up to 1 at most. Index t·S + i. */
  peakShare: Float64Array;
}

/** The cut at given totals (length T·K), AUD, and the r it takes there. */
export function cutAt(cut: Cut, totals: Float64Array): { aud: number; peakAud: number } {
  const S = cut.marginalAud.length / totals.length;
  const pieces = cut.interceptAud.length;
  const K = cut.marginalAud.length / pieces;
  const value = Float64Array.from(cut.interceptAud, (intercept, at) => {
    const t = Math.floor(at / S);
    let aud = intercept;
    for (let k = 0; k < K; k++) {
      aud += (cut.marginalAud[at * K + k] as number) * (totals[t * K + k] as number);
    }
    return aud;
  });
  /** The sum at r, and its slope to the right. */
  const sumAt = (r: number) => {
    let aud = r;
    let slope = 1;
    for (let from = 0; from < pieces; from += S) {
      let most = Number.NEGATIVE_INFINITY;
      let share = 0;
      for (let at = from; at < from + S; at++) {
        const piece = (value[at] as number) - (cut.peakShare[at] as number) * r;
        if (piece < most || (piece === most && (cut.peakShare[at] as number) >= share)) continue;
        most = piece;
        share = cut.peakShare[at] as number;
      }
      aud += most;
      slope -= share;
    }
    return { aud, slope };
  };
  if (sumAt(0).slope >= 0) return { aud: sumAt(0).aud, peakAud: 0 };
  let high = 1e-6;
  while (sumAt(high).slope < 0 && high < 1e18) high *= 4;
  let low = 0;
  for (let n = 0; n < BISECTIONS; n++) {
    const middle = (low + high) / 2;
    if (sumAt(middle).slope < 0) low = middle;
    else high = middle;
  }
  return { aud: Math.min(sumAt(low).aud, sumAt(high).aud), peakAud: high };
}

const BISECTIONS = 60;

/** The plane that the first pieces of all slots make: intercept and marginals (length T·K). */
export function firstPieces(
  cut: Cut,
  totals: Float64Array,
): { interceptAud: number; marginalAud: Float64Array } {
  const S = cut.marginalAud.length / totals.length;
  const T = cut.interceptAud.length / S;
  const K = totals.length / T;
  const marginalAud = new Float64Array(T * K);
  let interceptAud = 0;
  for (let t = 0; t < T; t++) {
    interceptAud += cut.interceptAud[t * S] as number;
    marginalAud.set(cut.marginalAud.subarray(t * S * K, (t * S + 1) * K), t * K);
  }
  return { interceptAud, marginalAud };
}

export function cutBytes({ interceptAud, marginalAud, peakShare }: Cut): number {
  return interceptAud.byteLength + marginalAud.byteLength + peakShare.byteLength;
}
