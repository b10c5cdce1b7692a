import type { PublicFleet } from '../model/fleet.ts';
import { resourceAud } from '../model/objective.ts';
import { applyOverrides } from '../model/overrides.ts';
import { siteWork } from '../model/site-power.ts';
import { applySpeeds } from '../model/speed.ts';
import { SECONDS_PER_HOUR } from '../model/units.ts';
import type { Certificate } from '../optimizer/certificate.ts';
import type { SiteCapability } from '../optimizer/problem.ts';
import type { SiteProblem } from '../optimizer/site-subproblem.ts';
import { solve } from '../optimizer/solve.ts';
import { assembleDispatch } from './assemble.ts';
import { type Plan, type PlanHeader, sharesOf, speedsOf, unservedOf } from './plan.ts';
import type { SiteHours } from './site-hours.ts';
import { demandThatComes, planView, type SlotView } from './view.ts';
import type { TriedPrices } from './weighed.ts';

/** What the plan that holds was made from, as far as its sites tell. */
export interface WhatIfInputs {
  /** The registry's; what operators had set over it is in the header. */
  fleet: PublicFleet;
  header: PlanHeader;
  siteHours: SiteHours[];
  demand?: Plan['demand'];
}

export interface WhatIf {
  slots: SlotView[];
  certificate: Certificate;
  rounds: number;
}

/** Sites whose costs are not told, so that no plan can be tried. */
export function untoldSites({ fleet, siteHours }: WhatIfInputs): string[] {
  const tells = (site: string) =>
    siteHours.every((hours) =>
      fleet.classes.every((c) => hours[site]?.disclosed?.[c.id]?.energyAud !== undefined),
    );
  return fleet.sites.map((s) => s.id).filter((id) => !tells(id));
}

/**
 * The plan there would be at other prices, from the costs that sites disclosed with the one that holds.
 * Exact where these are linear in load (no plants), which is how sites are modelled; what they take at no
 * request is left out, as nothing depends on it. Work that may wait is left out, and so is a limit on
 * rises.
 * @throws RangeError if a site does not disclose its costs
 */
export function whatIf(given: WhatIfInputs, tried: TriedPrices): WhatIf {
  const untold = untoldSites(given);
  if (untold.length > 0) throw new RangeError(`no costs disclosed by ${untold.join(', ')}`);
  const { header, siteHours, demand } = given;
  const ordered = applyOverrides(given.fleet, header.overrides);
  const inForce = applySpeeds(ordered, speedsOf(header));
  const prices = { ...inForce.prices, ...tried };
  const fleet = { ...inForce, prices };
  const demandReqPerS = demandThatComes(fleet, given);
  const problem = assembleDispatch(fleet, header, demandReqPerS);
  for (const { site } of header.excluded) {
    problem.sites.find((s) => s.id === site)?.maxLoad.fill(0);
  }
  const sites = problem.sites.map((s, j) => siteProblem(fleet, header, siteHours, s, j));
  const { flow, unserved, certificate, rounds } = solve(problem, sites);
  const plan = {
    header: { ...header, impactPrices: prices },
    slots: flow.map((f) => sharesOf(fleet, problem, f)),
    siteHours,
    demand,
    unserved: unserved.map((lost, t) => unservedOf(fleet, { demandReqPerS }, lost, t)),
  };
  return { slots: planView({ ...given.fleet, prices }, plan) as SlotView[], certificate, rounds };
}

function siteProblem(
  fleet: PublicFleet,
  { slotCount, slotHours }: PlanHeader,
  siteHours: readonly SiteHours[],
  { id, loadPerReqPerS, maxLoad, prior }: SiteCapability,
  j: number,
): SiteProblem {
  const work = siteWork(fleet.sites[j] as PublicFleet['sites'][number], fleet.classes);
  const rateAud = siteHours.flatMap((hours) =>
    fleet.classes.map((cls, k) => {
      const own = hours[id]?.disclosed?.[cls.id];
      const { carbonKg, waterL, energyAud } = own as Required<NonNullable<typeof own>>;
      const perKwh = energyAud + resourceAud(fleet.prices, carbonKg, waterL);
      return perKwh * (work[k]?.itEnergyKwh as number) * SECONDS_PER_HOUR * slotHours;
    }),
  );
  return {
    slotCount,
    classCount: fleet.classes.length,
    baseAud: new Float64Array(slotCount),
    rateAud: Float64Array.from(rateAud),
    waitingAud: new Float64Array(slotCount).fill(prior.costAudPerWaiting),
    loadPerReqPerS,
    maxLoad,
    queue: { servers: prior.servers, variability: prior.variability },
    lateness: prior.lateness,
  };
}
