import type { PublicSite } from './fleet.ts';
import { capacityBySlot } from './maintenance.ts';

/** What a site can carry by slot, in busy servers. Public: coordinator and site compute it alike. */
export interface SiteCapacity {
  /** L: the most a plan may load the site with. */
  maxLoad: Float64Array;
  /** Kept free beside any load a plan gives it, so that bursts find room. */
  headroom: Float64Array;
}

/**
 * Servers × highest utilisation, less what maintenance or the operator takes (the larger of the two),
 * shared between load and headroom. A site that is out keeps none.
 */
export function siteCapacity(
  site: PublicSite,
  horizon: { startUtcMs: number; slotCount: number; slotHours: number },
): SiteCapacity {
  const whole = site.state === 'active' ? site.hardware.servers * site.maxUtilisation : 0;
  const most = site.capacityShare ?? 1;
  const usable = capacityBySlot(site.maintenance ?? [], horizon).map(
    (share) => Math.min(share, most) * whole,
  );
  const headroom = usable.map((load) => Math.min(site.headroomServers ?? 0, load));
  return { maxLoad: usable.map((load, t) => load - (headroom[t] as number)), headroom };
}
