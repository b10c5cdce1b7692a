import { isLoopback } from '../core/loopback.ts';
import type { Fleet } from '../core/model/fleet.ts';
import { siteFactors } from '../core/model/site-power.ts';
import { conditionsAt, type PlanningInputs, type SiteSeries } from '../core/planning/inputs.ts';
import type { PlanView } from '../local/admin-client.ts';
import type { SimulatedFleet } from '../local/simulated-fleet.ts';
import { count, decimal, gapPercent, utc } from './format.ts';
import { attributionNotes } from './notes.ts';
import { type SiteRow, siteTable, starNote } from './site-table.ts';
import { bold, bullets, wrap } from './table.ts';

export interface StartReport {
  fleet: Fleet;
  inputs: PlanningInputs;
  plan: PlanView;
  url: string;
  adminToken: string;
  clientKey: string;
  sites: SimulatedFleet;
  /** Site that answers {@link sampleRequest}. */
  sampleSite: string;
  notes: string[];
  /** Made-up requests per second; 0: none. */
  traffic: number;
  /** Of the clock. */
  speed: number;
}

/** The request shown as an example. */
export function sampleRequest(fleet: Fleet) {
  return {
    model: fleet.classes[0]?.model ?? '',
    stream: true,
    max_tokens: 40,
    messages: [{ role: 'user', content: 'Where is it cool today?' }],
  };
}

/** What a person sees once the system runs: the plan, how to use it, how to break it. */
export function startReport(r: StartReport): string {
  const { header } = r.plan;
  const { certificate } = header;
  const rows = r.fleet.sites.map((site, j): SiteRow => {
    const planned = header.sites.find((s) => s.site === site.id);
    return {
      site: site.id,
      share: planned?.share ?? 0,
      tempC: planned?.tempC ?? Number.NaN,
      utilisation: planned?.utilisation ?? 0,
      ...meanFactors(r, j),
      isPlaceholder: (r.inputs.sites[j] as SiteSeries).sources.carbon.placeholder,
    };
  });
  return [
    '',
    bold(
      `Plan ${header.version}: ${count(header.slotCount, 'hour')} from ${utc(header.startUtcMs)}, means over them`,
    ),
    siteTable(rows, r.sites.urls),
    ...starNote(rows),
    '',
    wrap(
      `Objective ${decimal(certificate.objectiveAud, 2)} AUD, proven within ${gapPercent(certificate.gap)} of the optimum ` +
        `in ${count(header.rounds, 'round')} (stopped by ${header.stopReason}).`,
    ),
    `${decimal(100 * header.nearestShare, 1)} % of requests are served at their nearest site.` +
      (header.unservedShare > 1e-9
        ? ` UNSERVED: ${decimal(100 * header.unservedShare, 2)} % find no site with room.`
        : ''),
    '',
    bold('Notes'),
    bullets(r.notes),
    '',
    ...dataOf(r),
    bold('Send a request (tokens stream as they come):'),
    `  curl -N ${r.url}/v1/chat/completions -H 'authorization: Bearer ${r.clientKey}' -H 'content-type: application/json' \\`,
    `    -d '${JSON.stringify(sampleRequest(r.fleet))}'`,
    `  add -H 'x-isotherm-zone: ${r.fleet.zones.at(-1)?.id}' to ask from elsewhere, -i to see which site answered`,
    bold('With the OpenAI SDK:'),
    `  OPENAI_BASE_URL=${r.url}/v1 OPENAI_API_KEY=${r.clientKey}`,
    bold(`Make ${r.sampleSite} refuse, which answers this request now ("none" mends it):`),
    `  curl ${r.sites.urls[r.sampleSite]}/__fault -d '{"kind":"refuse"}'`,
    bold('Admin API:'),
    `  curl ${r.url}/admin/v1/plan -H 'authorization: Bearer ${r.adminToken}'`,
    '',
    ...flowing(r),
    page(r),
    `All calls: ${r.url}/docs`,
    '',
    'Ctrl-C ends everything.',
  ].join('\n');
}

/** The page takes a token of its address on this machine only. */
export function page({ url, adminToken }: Pick<StartReport, 'url' | 'adminToken'>): string {
  return isLoopback(new URL(url).hostname)
    ? `The page, signed in for this run: ${bold(`${url}/#token=${adminToken}`)}`
    : `The page: ${bold(url)}, its admin token for this run: ${adminToken}`;
}

/** What moves by itself from here on. */
function flowing({ traffic, speed }: StartReport): string[] {
  return [
    ...(traffic > 0
      ? [
          `Made-up requests flow, ${traffic} a second in the mean of a day, in bursts as in Azure’s traces (--traffic 0: none).`,
        ]
      : []),
    ...(speed > 1
      ? [
          `The clock of weather, prices and plans runs ${speed} times as fast as yours; requests and servers keep true time,\nso an hour of the clock brings fewer requests than its plan expects.`,
        ]
      : []),
  ];
}

/** Whose data is used; nothing where it is all the registry's own. */
function dataOf({ inputs }: StartReport): string[] {
  const notes = attributionNotes(inputs);
  return notes.length === 0 ? [] : [bold('Data'), bullets(notes), ''];
}

function meanFactors({ fleet, inputs }: StartReport, j: number) {
  const site = fleet.sites[j] as Fleet['sites'][number];
  const sum = { ppue: 0, energyAudPerKwh: 0, carbonKgPerKwh: 0 };
  for (let t = 0; t < inputs.slotCount; t++) {
    const f = siteFactors(site, conditionsAt(inputs, j, t));
    sum.ppue += f.ppue / inputs.slotCount;
    sum.energyAudPerKwh += f.energyAudPerKwh / inputs.slotCount;
    sum.carbonKgPerKwh += f.carbonKgPerKwh / inputs.slotCount;
  }
  return sum;
}
