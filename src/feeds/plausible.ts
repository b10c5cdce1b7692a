import type { FeedGroup } from '../core/model/feeds.ts';
import type { PublicSite } from '../core/model/fleet.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import { embeddedCarbon, hasGridRegion } from './embedded/grid.ts';
import { siteWeather } from './embedded/of-site.ts';
import { type FeedHour, valuesOf } from './feed.ts';

/** What a plan may be told: hours that cannot be true are refused one by one, and counted. */
export interface Checked {
  kept: FeedHour[];
  /** Hours refused; what was wrong with the first of them. */
  refused: number;
  fault?: string;
}

/**
 * Off the climatology of month and hour by more than this is not weather but a wrong unit or place.
 * The most in 191 days of eight capitals was 13 °C; record days are some 20 °C over the mean.
 */
const MAX_ANOMALY_C = 25;

/** Off the registry's own climate, which two months describe: cold spells of a continent reach further. */
const MAX_OWN_ANOMALY_C = 40;

/** From one hour to the next; the most in 2022 at eight capitals was 7 °C in the reanalysis. */
const MAX_STEP_C = 20;

/** The NEM's floor; its cap is raised every July and was 20,300 AUD/MWh in 2025–26. */
const PRICE_AUD_PER_MWH = { low: -1000, high: 30_000 };

/** Brown coal alone is at about 1.4 kg/kWh, life-cycle. */
const MAX_CARBON_KG_PER_KWH = 2;

/**
 * A region of fossil plants never gets below this. Where water and wind can carry all, as in Tasmania,
 * nothing at all is possible.
 */
const MIN_CARBON_KG_PER_KWH = 0.02;
const CLEAN_REGION_KG_PER_KWH = 0.25;

/** Hours in order, with nothing but the group's own values, without those that cannot be true. */
export function plausible(group: FeedGroup, site: PublicSite, hours: readonly FeedHour[]): Checked {
  const sorted = hours.map((hour) => only(group, hour)).sort((a, b) => a.utcMs - b.utcMs);
  const faults: string[] = [];
  const sound = sorted.filter((hour) => {
    const fault = checks[group](hour, site);
    if (fault !== undefined) faults.push(`${site.id} ${utcHour(hour.utcMs)}: ${fault}`);
    return fault === undefined;
  });
  const kept = group === 'weather' ? withoutJumps(site, sound, faults) : sound;
  return { kept, refused: faults.length, fault: faults[0] };
}

function only(group: FeedGroup, hour: FeedHour): FeedHour {
  const own: FeedHour = { utcMs: hour.utcMs };
  for (const name of valuesOf[group]) own[name] = hour[name];
  return own;
}

type Check = (hour: FeedHour, site: PublicSite) => string | undefined;

const checks: Record<FeedGroup, Check> = {
  weather({ utcMs, tempC = Number.NaN, rhPct = Number.NaN }, site) {
    if (!(rhPct >= 0 && rhPct <= 100)) return `humidity ${rhPct} %`;
    const anomaly = Math.abs(tempC - meanTempC(site, utcMs));
    const most = site.climate ? MAX_OWN_ANOMALY_C : MAX_ANOMALY_C;
    return anomaly <= most && Math.abs(tempC) <= 60 ? undefined : `${tempC.toFixed(1)} °C`;
  },
  price({ spotAudPerMwh: v = Number.NaN }) {
    const { low, high } = PRICE_AUD_PER_MWH;
    return v >= low && v <= high ? undefined : `${v} AUD/MWh`;
  },
  carbon({ utcMs, carbonKgPerKwh: v = Number.NaN }, { gridRegion, grid }) {
    const isClean =
      grid !== undefined ||
      !hasGridRegion(gridRegion) ||
      embeddedCarbon(gridRegion, utcMs).carbonKgPerKwh < CLEAN_REGION_KG_PER_KWH;
    const low = isClean ? 0 : MIN_CARBON_KG_PER_KWH;
    return v >= low && v <= MAX_CARBON_KG_PER_KWH ? undefined : `${v} kg/kWh`;
  },
};

const meanTempC = (site: PublicSite, utcMs: number) => siteWeather(site, utcMs).tempC;

const utcHour = (utcMs: number) => `${new Date(utcMs).toISOString().slice(0, 16)}Z`;

/** Of two hours with a jump between them, that further from the climatology is refused. */
function withoutJumps(site: PublicSite, hours: FeedHour[], faults: string[]): FeedHour[] {
  const anomaly = ({ utcMs, tempC }: FeedHour) =>
    Math.abs((tempC as number) - meanTempC(site, utcMs));
  const kept: FeedHour[] = [];
  for (const hour of hours) {
    const last = kept.at(-1);
    const follows = last !== undefined && hour.utcMs - last.utcMs === MS_PER_HOUR;
    const step = follows ? (hour.tempC as number) - (last.tempC as number) : 0;
    if (Math.abs(step) <= MAX_STEP_C) {
      kept.push(hour);
      continue;
    }
    faults.push(`${site.id} ${utcHour(hour.utcMs)}: ${step.toFixed(1)} °C in an hour`);
    if (anomaly(hour) < anomaly(last as FeedHour)) kept[kept.length - 1] = hour;
  }
  return kept;
}
