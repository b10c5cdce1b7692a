import { onSiteWaterLPerKwh, ppue } from '../../../src/core/model/cooling/index.ts';
import type { Fleet, Site } from '../../../src/core/model/fleet.ts';
import { hardwareProfiles, idleServerKw, requestWork } from '../../../src/core/model/hardware.ts';
import { promptsOf } from '../../../src/core/model/request-class.ts';
import { energyPriceAudPerKwh } from '../../../src/core/model/tariff.ts';
import { airOf } from '../../../src/core/model/weather.ts';
import type { Decision, Policy, PolicyContext } from '../../../src/core/planning/policies/index.ts';
import { totalsOf } from '../../core/support/plans.ts';

/** A block a policy decided: what it was shown, and what it chose. */
export interface Block {
  context: PolicyContext;
  decision: Decision;
}

/** The same policy, leaving what it was shown and what it chose in `blocks`. */
export function recorded(policy: Policy): { policy: Policy; blocks: Block[] } {
  const blocks: Block[] = [];
  const decide = (context: PolicyContext) => {
    const decision = policy.decide(context);
    blocks.push({ context, decision });
    return decision;
  };
  return { policy: { ...policy, decide }, blocks };
}

/** IT power of a site: servers in use at their phase's power, those awake beside them, and the rest. */
function itKw(fleet: Fleet, site: Site, reqPerS: Float64Array, pays: boolean): number {
  const { profile, servers, batch } = site.hardware;
  const hw = hardwareProfiles[profile];
  let busy = 0;
  let busyKw = 0;
  fleet.classes.forEach((c, k) => {
    const work = requestWork(hw, promptsOf(c), c.meanOutputTokens, batch);
    busy += reqPerS[k]! * work.serverS;
    busyKw += reqPerS[k]! * work.itEnergyKwh * 3600;
  });
  const inUse = busy / site.maxUtilisation;
  const fewest = 1 + (inUse * (servers - 1)) / servers;
  const awake = site.cost.idle === 'sleep' && !pays ? fewest : servers;
  const decodeKw = (idleServerKw(hw) * hw.decodeW) / hw.idleW;
  return (
    busyKw +
    (inUse - busy) * decodeKw +
    (awake - inUse) * idleServerKw(hw) +
    (servers - awake) * site.cost.sleepServerKw
  );
}

/** What blocks come to by `fleet`, summed over sites and hours from first principles. */
export function chargeByHand(fleet: Fleet, blocks: Block[]) {
  const sum = {
    itKwh: 0,
    coolingKwh: 0,
    facilityKwh: 0,
    energyCostAud: 0,
    carbonKg: 0,
    waterL: 0,
    unservedRequests: 0,
  };
  for (const { context, decision } of blocks) {
    const { inputs, problem } = context;
    const K = problem.classCount;
    const totals = totalsOf(problem, decision.flow);
    for (const slot of decision.unserved) for (const y of slot) sum.unservedRequests += 3600 * y;
    fleet.sites.forEach((site, j) => {
      const s = inputs.sites[j]!;
      for (let t = 0; t < inputs.slotCount; t++) {
        const air = airOf(s.tempC[t]!, s.rhPct[t]!);
        const utcMs = inputs.startUtcMs + t * 3_600_000;
        const { tariff, cooling } = site.cost;
        const price = energyPriceAudPerKwh(tariff, utcMs, site.timeZone, s.spotAudPerMwh[t]!);
        const aud = (kwh: number, waterL: number) =>
          kwh * (price + (s.carbonKgPerKwh[t]! * fleet.prices.carbonAudPerT) / 1000) +
          ((kwh * s.gridWaterLPerKwh[t]! + waterL) * fleet.prices.waterAudPerKl) / 1000;
        const pays = aud(ppue(cooling, air), onSiteWaterLPerKwh(cooling, air)) < 0;
        const it = itKw(fleet, site, totals[j]!.subarray(t * K, (t + 1) * K), pays);
        const facility = it * ppue(site.cost.cooling, air) + site.cost.fixedOverheadKw;
        sum.itKwh += it;
        sum.facilityKwh += facility;
        sum.coolingKwh += facility - it - site.cost.fixedOverheadKw;
        sum.energyCostAud += facility * price;
        sum.carbonKg += facility * s.carbonKgPerKwh[t]!;
        sum.waterL += facility * s.gridWaterLPerKwh[t]! + it * onSiteWaterLPerKwh(cooling, air);
      }
    });
  }
  return sum;
}
