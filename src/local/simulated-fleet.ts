import type { Fleet } from '../core/model/fleet.ts';
import { decodeStepMs, hardwareProfiles, prefillMs } from '../core/model/hardware.ts';
import { type SimulatedSite, startSimulatedSite } from '../sim/site-server/index.ts';

/** A simulated server for every site of a fleet, with the speeds of its hardware. */
export interface SimulatedFleet {
  sites: SimulatedSite[];
  /** Site id to base URL. */
  urls: Record<string, string>;
  close(): Promise<void>;
}

export async function startSimulatedFleet(fleet: Fleet): Promise<SimulatedFleet> {
  const meanOutputTokens = Math.round(
    fleet.classes.reduce((sum, c) => sum + c.meanOutputTokens, 0) / fleet.classes.length,
  );
  const sites = await Promise.all(
    fleet.sites.map((site, n) => {
      const hw = hardwareProfiles[site.hardware.profile];
      return startSimulatedSite({
        siteId: site.id,
        models: Object.values(site.upstream.models),
        servers: site.hardware.servers,
        prefillMs: (inputTokens) => prefillMs(hw, inputTokens),
        decodeStepMs: (batch) => decodeStepMs(hw, batch),
        maxBatchPerServer: site.hardware.batch,
        seed: n + 1,
        meanOutputTokens,
      });
    }),
  );
  return {
    sites,
    urls: Object.fromEntries(sites.map((s) => [s.siteId, s.baseUrl])),
    close: async () => {
      await Promise.all(sites.map((s) => s.close()));
    },
  };
}
