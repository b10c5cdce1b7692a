import type { z } from 'zod';
import type { fleetSchema, siteSchema } from '../../core/model/fleet.ts';
import { hardwareProfiles, requestWork } from '../../core/model/hardware.ts';
import type { Answers } from './answers.ts';
import { chatClass, chatHourlyShape } from './chat-class.ts';
import { embeddedStation } from './stations.ts';

/** What is said once for all sites. */
export interface FleetAnswers {
  name: string;
  /** Name under which clients ask for the model. */
  model: string;
  /** Mean over the day, of all sites together. Absent: {@link ASSUMED_LOAD} of what they can do. */
  reqPerS?: number;
  ttftSloMs: number;
  liveWeather: boolean;
}

/** Where nobody has said how many requests come: enough for sites to differ, with room at the peak. */
const ASSUMED_LOAD = 0.3;

/** Lighting, security, switchgear: as in the package's registry, an assumption. */
const OVERHEAD_KW_PER_SERVER = 0.4;

/** Prices of the package's registry, AUD: assumptions to be argued about, see docs/model.md. */
export const PRICES = {
  carbonAudPerT: 75,
  waterAudPerKl: 3,
  timeAudPerUserHour: 1,
  unservedAudPerRequest: 0.05,
};

const DEFAULT_BATCH = 32;

/** A registry, as its file has it. */
export function registryOf(
  fleet: FleetAnswers,
  sites: readonly Answers[],
): z.input<typeof fleetSchema> {
  const people = sites.reduce((sum, s) => sum + s.population, 0);
  const reqPerS = fleet.reqPerS ?? ASSUMED_LOAD * capacityReqPerS(sites);
  return {
    schemaVersion: 1,
    name: fleet.name,
    prices: PRICES,
    classes: [{ ...chatClass, model: fleet.model, ttftSloMs: fleet.ttftSloMs }],
    ...(fleet.liveWeather && { feeds: { weather: { kind: 'open-meteo' } } }),
    demand: {
      meanReqPerSPerMillion: { chat: Number(((reqPerS / people) * 1e6).toPrecision(4)) },
      hourlyShape: { chat: chatHourlyShape },
    },
    zones: sites.map(({ id, name, latDeg, lonDeg, timeZone, population }) => ({
      id,
      name,
      latDeg,
      lonDeg,
      timeZone,
      population,
    })),
    sites: sites.map((site) => siteOf(site, fleet.model)),
  };
}

function siteOf(a: Answers, model: string): z.input<typeof siteSchema> {
  const { januaryC, julyC, dailyRangeC, rhPct, carbonKgPerKwh, waterLPerKwh } = a;
  const hasOwnGrid = carbonKgPerKwh !== undefined;
  const hasOwnClimate = januaryC !== undefined && julyC !== undefined;
  return {
    id: a.id,
    name: a.name,
    latDeg: a.latDeg,
    lonDeg: a.lonDeg,
    timeZone: a.timeZone,
    gridRegion: a.gridRegion,
    climateStation: embeddedStation(a)?.climateStation ?? a.name,
    ...(hasOwnClimate && {
      climate: {
        januaryC,
        julyC,
        ...(dailyRangeC !== undefined && { dailyRangeC }),
        ...(rhPct !== undefined && { rhPct }),
      },
    }),
    ...(hasOwnGrid && {
      grid: { carbonKgPerKwh, ...(waterLPerKwh !== undefined && { waterLPerKwh }) },
    }),
    placementRegion: a.placementRegion,
    upstream: { baseUrl: a.baseUrl.replace(/\/+$/, ''), models: { [model]: a.model } },
    hardware: { profile: a.hardware, servers: a.servers, batch: DEFAULT_BATCH },
    cost: {
      cooling: { kind: a.cooling },
      tariff: a.tariff,
      idle: 'sleep',
      fixedOverheadKw: Number((OVERHEAD_KW_PER_SERVER * a.servers).toFixed(1)),
      ...plantOf(a),
    },
  };
}

function plantOf({ batteryKwh, batteryKw, solarPeakKw, gridKw }: Answers) {
  return {
    ...(batteryKwh !== undefined &&
      batteryKw !== undefined && {
        battery: { capacityKwh: batteryKwh, chargeKw: batteryKw, dischargeKw: batteryKw },
      }),
    ...(solarPeakKw !== undefined && { solar: { kind: 'array' as const, peakKw: solarPeakKw } }),
    ...(gridKw !== undefined && { limits: { gridKw } }),
  };
}

/** Requests per second that the sites could serve at full load. */
export function capacityReqPerS(sites: readonly Pick<Answers, 'hardware' | 'servers'>[]): number {
  return sites.reduce((sum, { hardware, servers }) => {
    const hw = hardwareProfiles[hardware];
    const { serverS } = requestWork(
      hw,
      chatClass.promptTokens,
      chatClass.meanOutputTokens,
      DEFAULT_BATCH,
    );
    return sum + servers / serverS;
  }, 0);
}
