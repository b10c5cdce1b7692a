import type { Fleet } from '../core/model/fleet.ts';
import { siteFactors } from '../core/model/site-power.ts';
import { conditionsAt, type PlanningInputs } from '../core/planning/inputs.ts';
import type { PlanView } from '../local/admin-client.ts';
import type { SimulatedFleet } from '../local/simulated-fleet.ts';
import { decimal, gapPercent, utc } from './format.ts';
import { placeholderNotes } from './notes.ts';
import { bold, bullets, type Column, table } from './table.ts';

export interface StartReport {
  fleet: Fleet;
  inputs: PlanningInputs;
  plan: PlanView;
  url: string;
  adminToken: string;
  clientKey: string;
  sites: SimulatedFleet;
  notes: string[];
}

const columns: Column[] = [
  { header: ['site'], align: 'left' },
  { header: ['share', '%'] },
  { header: ['temp', '°C'] },
  { header: ['pPUE'] },
  { header: ['utilisation', '%'] },
  { header: ['price', 'AUD/kWh'] },
  { header: ['carbon', 'kg/kWh'] },
  { header: ['simulated server'], align: 'left' },
];

/** What a person sees once the system runs: the plan, how to use it, how to break it. */
export function startReport(r: StartReport): string {
  const { header } = r.plan;
  const { certificate } = header;
  const rows = r.fleet.sites
    .map((site, j) => ({ site, j, planned: header.sites.find((s) => s.site === site.id) }))
    .sort((a, b) => (b.planned?.share ?? 0) - (a.planned?.share ?? 0))
    .map(({ site, j, planned }) => {
      const mean = meanFactors(r, j);
      return [
        site.id,
        decimal(100 * (planned?.share ?? 0), 1),
        decimal(planned?.tempC ?? Number.NaN, 1),
        decimal(mean.ppue, 3),
        decimal(100 * (planned?.utilisation ?? 0), 1),
        decimal(mean.energyAudPerKwh, 3),
        decimal(mean.carbonKgPerKwh, 3),
        r.sites.urls[site.id] ?? '',
      ];
    });
  const model = r.fleet.classes[0]?.model ?? '';
  const notes = [
    ...r.notes,
    ...placeholderNotes(r.fleet, r.inputs, 'carbon'),
    ...placeholderNotes(r.fleet, r.inputs, 'water'),
  ];
  return [
    '',
    bold(
      `Plan ${header.version}: ${header.slotCount} hours from ${utc(header.startUtcMs)}, means over them`,
    ),
    table(columns, rows),
    '',
    `Objective ${decimal(certificate.objectiveAud, 2)} AUD, proven within ${gapPercent(certificate.gap)} of the optimum ` +
      `in ${header.rounds} rounds (stopped by ${header.stopReason}).`,
    `${decimal(100 * header.nearestShare, 1)} % of requests are served at their nearest site.` +
      (header.unservedShare > 1e-9
        ? ` UNSERVED: ${decimal(100 * header.unservedShare, 2)} % find no site with room.`
        : ''),
    '',
    bold('Notes'),
    bullets(notes),
    '',
    bold('Send a request (tokens stream as they come):'),
    `  curl -N ${r.url}/v1/chat/completions -H 'authorization: Bearer ${r.clientKey}' -H 'content-type: application/json' \\`,
    `    -d '{"model":"${model}","stream":true,"max_tokens":40,"messages":[{"role":"user","content":"Where is it cool today?"}]}'`,
    `  add -H 'x-isotherm-zone: hobart' to ask from elsewhere, -i to see which site answered`,
    bold('With the OpenAI SDK:'),
    `  OPENAI_BASE_URL=${r.url}/v1 OPENAI_API_KEY=${r.clientKey}`,
    bold('Make a site refuse (URL from the table; "none" mends it):'),
    `  curl ${r.sites.urls[rows[0]?.[0] ?? '']}/__fault -d '{"kind":"refuse"}'`,
    bold('Status page and admin API:'),
    `  ${r.url}/`,
    `  curl ${r.url}/admin/v1/plan -H 'authorization: Bearer ${r.adminToken}'`,
    '',
    'Ctrl-C ends everything.',
  ].join('\n');
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
