import { type Cut, PIECES } from '../cut.ts';
import { loadOf } from '../site-slot.ts';
import type { SiteProblem } from '../site-subproblem.ts';
import type { Multipliers } from './multipliers.ts';
import { importPrice, interceptAt, itAudAt, pricesAt, ratesAt, type SlotPrices } from './plane.ts';
import { type Excess, facilityKwAt, type SitePlant } from './plant.ts';

/** Loads at which a piece must be the highest to be worth telling, from none to the limit. */
const SAMPLES = 16;
/** Of its value, by which a piece must be higher: less is what the program was solved to. */
const ROUNDING = 1e-7;

/**
 * The bound of plane.ts with only stored energy and caps priced, as a {@link Cut} below v. What a slot
 * does within itself (import, export, solar power, charging, shedding) is left to be found at best,
 * and so is the peak r: V_t(N_t, r) = max over the prices within the slot of what they make of weak
 * duality. That is piecewise linear, its pieces at the prices where one of the slot's sources takes
 * over from another, and any of them is valid. The first piece is that of the multipliers themselves.
 *
 * @param totals what the multipliers are of, as far as that is known: pieces near it are told first
 * @param peakAud what the peak costs there, AUD
 */
export function piecesOf(
  site: SiteProblem,
  plant: SitePlant,
  excess: Excess,
  m: Multipliers,
  totals: Float64Array,
  peakAud: number,
): Cut {
  const { slotCount: T, classCount: K } = site;
  const cut: Cut = {
    interceptAud: new Float64Array(T * PIECES),
    marginalAud: new Float64Array(T * PIECES * K),
    peakShare: new Float64Array(T * PIECES),
  };
  for (let t = 0; t < T; t++) {
    const all = slotPrices(plant, excess, m, t, K).map((prices): Piece => {
      const rates = new Float64Array(K);
      ratesAt(plant, m, t, prices, rates);
      const share = prices.peak > 0 ? prices.peak / (peakAudPerKw(plant) || 1) : 0;
      return { interceptAud: interceptAt(plant, m, t, prices), rates, share };
    });
    const kept = highest(all, samplesOf(site, plant, t, totals, peakAud));
    for (let i = 0; i < PIECES; i++) {
      const piece = kept[i] ?? (kept[0] as Piece);
      cut.interceptAud[t * PIECES + i] = piece.interceptAud;
      cut.peakShare[t * PIECES + i] = piece.share;
      cut.marginalAud.set(piece.rates, (t * PIECES + i) * K);
    }
  }
  return cut;
}

/** Zero where no peak costs anything. */
function peakAudPerKw(plant: SitePlant): number {
  return plant.peak?.audPerKw ?? 0;
}

interface Piece {
  interceptAud: number;
  rates: Float64Array;
  /** Price of the peak, over all it costs. */
  share: number;
}

/** Prices within slot t at which something changes; the multipliers' own first. */
function slotPrices(
  plant: SitePlant,
  excess: Excess,
  m: Multipliers,
  t: number,
  classCount: number,
): SlotPrices[] {
  const h = plant.slotHours;
  const imported = importPrice(plant, m, t);
  const limited = plant.gridKw < Infinity;
  const powers = new Set([imported, h * (plant.exportAud[t] as number), 0]);
  const b = plant.battery;
  if (b) {
    const charging = h * b.chargeEfficiency * (m.stored[t] as number);
    const discharging = (h * (m.stored[t] as number)) / b.dischargeEfficiency;
    powers.add(charging).add(discharging);
    // Where the one is worth as much as the other, a slot's time being for both.
    const kw = b.chargeKw + b.dischargeKw;
    powers.add((b.chargeKw * charging + b.dischargeKw * discharging) / kw);
  }
  // Power at which a request is rather shed.
  const shedding = new Set<number>();
  for (let k = 0; k < classCount; k++) {
    const kw = plant.kwPerReqPerS[t * classCount + k] as number;
    if (kw > 0) {
      shedding.add((plant.unservedAud / kw - itAudAt(plant, m, t)) / (plant.ppue[t] as number));
    }
  }
  for (const power of shedding) powers.add(power);
  const all = [pricesAt(m, t)];
  const add = (power: number, facility: number) => {
    // Power is worth an import at most, beyond a limit its price more, in a peak what that adds to it.
    if (peakAudPerKw(plant) > 0 && power > imported)
      all.push({ power, facility, peak: power - imported });
    const most = imported + (limited ? excess.powerAud : 0);
    all.push({ power: Math.min(power, most), facility, peak: 0 });
  };
  for (const power of powers) {
    add(power, 0);
    if (!(plant.facilityKw < Infinity)) continue;
    for (const price of shedding) {
      const facility = Math.min(price - power, excess.powerAud);
      if (facility > 0) add(power, facility);
    }
  }
  return all;
}

interface Sample {
  totals: Float64Array;
  peakAud: number;
}

/** Totals in the proposal's mix of classes from nothing to the site's limit, and peaks; the proposal first. */
function samplesOf(
  site: SiteProblem,
  plant: SitePlant,
  t: number,
  totals: Float64Array,
  peakAud: number,
): Sample[] {
  const K = site.classCount;
  const s = site.loadPerReqPerS;
  const load = loadOf(s, totals, t);
  const limit = site.maxLoad[t] as number;
  const here = totals.slice(t * K, (t + 1) * K);
  const perLoad = here.map((n, k) => (load > 0 ? n / load : 1 / (K * (s[k] as number))));
  const steps = Array.from({ length: SAMPLES + 1 }, (_, n) => (limit * n) / SAMPLES);
  steps.sort((a, b) => Math.abs(a - load) - Math.abs(b - load));
  const points = [here, ...steps.map((step) => perLoad.map((n) => n * step))];
  const peaks = [peakAud];
  if (peakAudPerKw(plant) > 0) {
    const itKw = perLoad.reduce(
      (kw, n, k) => kw + n * limit * (plant.kwPerReqPerS[t * K + k] as number),
      plant.baseItKw[t] as number,
    );
    const most = peakAudPerKw(plant) * facilityKwAt(plant, t, itKw);
    peaks.push(peakAud / 2, (peakAud + most) / 2, 0, most);
  }
  return peaks.flatMap((aud) => points.map((point) => ({ totals: point, peakAud: aud })));
}

/** The first piece, and those that are highest at some sample, in the samples' order. */
function highest(pieces: Piece[], samples: Sample[]): Piece[] {
  const kept = pieces.slice(0, 1);
  for (const sample of samples) {
    if (kept.length === PIECES) break;
    let value = Math.max(...kept.map((piece) => pieceAud(piece, sample)));
    const rounding = ROUNDING * Math.abs(value);
    let best: Piece | undefined;
    for (const piece of pieces) {
      const other = pieceAud(piece, sample);
      if (!(other > value + rounding)) continue;
      value = other;
      best = piece;
    }
    if (best) kept.push(best);
  }
  return kept;
}

function pieceAud({ interceptAud, rates, share }: Piece, { totals, peakAud }: Sample): number {
  return rates.reduce(
    (sum, rate, k) => sum + rate * (totals[k] as number),
    interceptAud - share * peakAud,
  );
}
