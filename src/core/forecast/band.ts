import { z } from 'zod';
import { clamp } from '../clamp.ts';
import { short } from './logarithm.ts';

/**
 * The band around a forecast. Its ends follow what is missed, each by itself: a miss widens its end by a
 * factor, anything else narrows it, so that one hour in twenty lies beyond it whatever the errors'
 * distribution (adaptive conformal inference, Gibbs and Candès 2021, here on a logarithm of the width).
 */

/** Leads whose bands are learned, hours; between them, and to both sides, the nearer ones speak. */
export const BAND_LEADS_H = [1, 3, 6, 12, 24] as const;
/** Of hours, on each side of the band. */
const BEYOND_SHARE = 0.05;
/** Of an hour's lead; errors of longer leads come in rows and are learned from slower, by the root. */
const BAND_GAIN = 0.2;
const UNSEEN_WIDTH = 0.7;
const WIDTH_RANGE = [0.01, 3] as const;

const width = z.number().min(WIDTH_RANGE[0]).max(WIDTH_RANGE[1]);

/** How far the lower and the upper end are from the forecast, as logarithms. */
export const bandSchema = z.tuple([width, width]);
export type Band = z.infer<typeof bandSchema>;

/** By lead, before anything was forecast. */
export const newBands = (): Band[] => BAND_LEADS_H.map(() => [UNSEEN_WIDTH, UNSEEN_WIDTH]);

/**
 * A lead's band after an hour.
 * @param error logarithm of what came over what was expected
 */
export function bandAfterMiss(band: Band, leadH: number, error: number): Band {
  const gain = BAND_GAIN / Math.sqrt(leadH);
  const after = (old: number, isBeyond: boolean) => {
    const wider = old * Math.exp(gain * ((isBeyond ? 1 : 0) - BEYOND_SHARE));
    return short(clamp(wider, WIDTH_RANGE[0], WIDTH_RANGE[1]));
  };
  return [after(band[0], -error > band[0]), after(band[1], error > band[1])];
}

/** Widths at a lead, between those learned by the lead's logarithm. */
export function widthsAt(bands: readonly Band[], leadH: number): readonly [number, number] {
  const last = BAND_LEADS_H.length - 1;
  const next = BAND_LEADS_H.findIndex((h) => h >= leadH);
  const b = bands[next < 0 ? last : next] as Band;
  if (next <= 0) return b;
  const a = bands[next - 1] as Band;
  const [from, to] = [BAND_LEADS_H[next - 1] as number, BAND_LEADS_H[next] as number];
  const part = Math.log(leadH / from) / Math.log(to / from);
  return [a[0] + part * (b[0] - a[0]), a[1] + part * (b[1] - a[1])];
}
