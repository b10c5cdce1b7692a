import { ppue } from '../model/cooling/index.ts';
import type { PublicSite } from '../model/fleet.ts';
import { hardwareProfiles, itEnergyKwh, prefillMs } from '../model/hardware.ts';
import { airOf } from '../model/weather.ts';
import { type Amounts, amountsOf } from './micro.ts';
import type { TokenUsage } from './usage.ts';

/**
 * What one request took at a site: marginal, that is, what would not have been used without it.
 * docs/receipts.md has the formulas and what they leave out.
 */

/** What a kWh of a request's IT work means at a site in one hour. */
export interface WorkFactors {
  /** kWh at the meter. */
  energyKwh: number;
  carbonKg: number;
  waterL: number;
  /** Null where the site discloses none and the operator has no reference price. */
  costAud: number | null;
  basis: Bases;
}

/** `disclosed` by the site's solver, or `estimated` from what is public. */
export type Basis = 'disclosed' | 'estimated';

/** Where a receipt's figures come from; a cost that is not known comes from nowhere. */
export interface Bases {
  /** Of carbon and water. */
  basis: Basis;
  energyBasis: Basis;
  costBasis: Basis | null;
}

/** What is public of a site's hour. */
export interface PublicConditions {
  tempC: number;
  rhPct: number;
  carbonKgPerKwh: number;
  gridWaterLPerKwh: number;
  /** What a kWh is taken to cost, by the operator, where a site does not say what it pays. */
  referenceAudPerKwh?: number;
}

/**
 * Factors from what is public: the weather and the grid's hour, and for the cooling nobody disclosed
 * an air-cooled one of the usual kind. On-site water stays unknown: water counts the
 * grid's alone. The cost is at the operator's reference price, or null.
 */
export function estimatedFactors(now: PublicConditions): WorkFactors {
  const meterKwh = ppue(REFERENCE_COOLING, airOf(now.tempC, now.rhPct));
  return {
    energyKwh: meterKwh,
    carbonKg: meterKwh * now.carbonKgPerKwh,
    waterL: meterKwh * now.gridWaterLPerKwh,
    costAud: now.referenceAudPerKwh === undefined ? null : meterKwh * now.referenceAudPerKwh,
    basis: {
      basis: 'estimated',
      energyBasis: 'estimated',
      costBasis: now.referenceAudPerKwh === undefined ? null : 'estimated',
    },
  };
}

/** What a request more takes at a site, per kWh of its work, by the site's own word. */
export interface OwnFactors {
  carbonKg: number;
  waterL: number;
  /** Both or neither. */
  energyKwh?: number;
  energyAud?: number;
}

/** The same, by the site's own word as far as that goes. */
export function disclosedFactors(now: PublicConditions, own: OwnFactors): WorkFactors {
  const { carbonKg, waterL, energyKwh, energyAud } = own;
  const estimate = estimatedFactors(now);
  const told: WorkFactors = {
    ...estimate,
    carbonKg,
    waterL,
    basis: { ...estimate.basis, basis: 'disclosed' },
  };
  if (energyKwh === undefined || energyAud === undefined) return told;
  const basis: Bases = {
    basis: 'disclosed',
    energyBasis: 'disclosed',
    costBasis: 'disclosed',
  };
  return { ...told, energyKwh, costAud: energyAud, basis };
}

/** Defaults of the mixed-mode model (docs/model.md): assumed, and close to none of the real ones. */
const REFERENCE_COOLING = {
  kind: 'mixed-mode',
  economizerBelowC: 14,
  chillerAboveC: 22,
  economizerOverhead: 0.08,
  fanOverhead: 0.06,
  ratedCop: 3,
} as const;

/** Energy at the servers' plugs for these tokens, kWh; cached ones need no prefill. */
export function workKwh(hardware: PublicSite['hardware'], usage: TokenUsage): number {
  const prefilled = usage.promptTokens - usage.cachedTokens;
  const profile = hardwareProfiles[hardware.profile];
  const promptMs = prefillMs(profile, prefilled);
  return itEnergyKwh(profile, promptMs, usage.completionTokens, hardware.batch);
}

export function amountsAt(site: PublicSite, factors: WorkFactors, usage: TokenUsage): Amounts {
  const kwh = workKwh(site.hardware, usage);
  return amountsOf({
    energyKwh: kwh * factors.energyKwh,
    carbonKg: kwh * factors.carbonKg,
    waterL: kwh * factors.waterL,
    costAud: factors.costAud === null ? null : kwh * factors.costAud,
  });
}

/** One site's side of a receipt. */
export interface SiteAmounts extends Bases {
  site: string;
  amounts: Amounts;
  /** From the request's arrival to its answer's first byte; null where it is not known. */
  ttftMs: number | null;
}

export interface Receipt {
  requestId: string;
  /** Public part of the key that asked. */
  keyId: string;
  model: string;
  zone: string;
  planVersion: number | null;
  /** Beginning of the hour it is booked in, UTC ms. */
  hourUtcMs: number;
  usage: TokenUsage;
  usageEstimated: boolean;
  served: SiteAmounts;
  /** The nearest eligible site, at the same hour, for the same tokens. */
  counterfactual: SiteAmounts;
}

/** Where a request went and where it would have gone, with the hour's factors of both. */
export interface Choice {
  site: PublicSite;
  factors: WorkFactors;
}

export interface TimedChoice extends Choice {
  ttftMs: number | null;
}

export function receiptOf(
  about: Omit<Receipt, 'served' | 'counterfactual'>,
  served: TimedChoice,
  counterfactual: TimedChoice,
): Receipt {
  const side = ({ site, factors, ttftMs }: TimedChoice): SiteAmounts => ({
    site: site.id,
    ...factors.basis,
    amounts: amountsAt(site, factors, about.usage),
    ttftMs,
  });
  const own = side(served);
  const isSame = counterfactual === served;
  return { ...about, served: own, counterfactual: isSame ? own : side(counterfactual) };
}
