import type { PublicSite } from '../model/fleet.ts';
import { type Amounts, amountsOf } from './micro.ts';
import { type Choice, type WorkFactors, workKwh } from './receipt.ts';
import type { TokenUsage } from './usage.ts';

/**
 * A second baseline beside the nearest site: a request spread over all sites that may serve it, by
 * their capacity, as a balancer that knows neither weather nor grid would in the mean.
 */
export interface Spread {
  /** Sites with the same hardware together, since they do the same work for the same tokens. */
  parts: { hardware: PublicSite['hardware']; factors: Omit<WorkFactors, 'basis'> }[];
}

/** @param choices of at least one site, each with its hour's factors; weighed by servers × maxUtilisation */
export function spreadOf(choices: readonly Choice[]): Spread {
  const capacity = (site: PublicSite) => site.hardware.servers * site.maxUtilisation;
  const all = choices.reduce((sum, { site }) => sum + capacity(site), 0);
  const parts = new Map<string, Spread['parts'][number]>();
  for (const { site, factors } of choices) {
    const key = `${site.hardware.profile}/${site.hardware.batch}`;
    const none = { energyKwh: 0, carbonKg: 0, waterL: 0, costAud: 0 };
    const part = parts.get(key) ?? { hardware: site.hardware, factors: none };
    const { energyKwh, carbonKg, waterL, costAud } = part.factors;
    const share = capacity(site) / all;
    part.factors = {
      energyKwh: energyKwh + share * factors.energyKwh,
      carbonKg: carbonKg + share * factors.carbonKg,
      waterL: waterL + share * factors.waterL,
      costAud:
        costAud === null || factors.costAud === null ? null : costAud + share * factors.costAud,
    };
    parts.set(key, part);
  }
  return { parts: [...parts.values()] };
}

/** Its cost is null where that of any site is not known. */
export function spreadAmounts({ parts }: Spread, usage: TokenUsage): Amounts {
  const sum = { energyKwh: 0, carbonKg: 0, waterL: 0, costAud: 0 as number | null };
  for (const { hardware, factors } of parts) {
    const kwh = workKwh(hardware, usage);
    sum.energyKwh += kwh * factors.energyKwh;
    sum.carbonKg += kwh * factors.carbonKg;
    sum.waterL += kwh * factors.waterL;
    sum.costAud =
      sum.costAud === null || factors.costAud === null ? null : sum.costAud + kwh * factors.costAud;
  }
  return amountsOf(sum);
}
