import { metrics } from '../../core/evidence/compare.ts';
import type { Evidence } from '../../sim/evidence/evidence.ts';
import { decimal, gapPercent } from '../format.ts';
import type { ReportDocument } from '../report-document.ts';
import { escapeXml } from '../svg-scale.ts';
import { bands, type Series, whiskers } from './charts.ts';
import { againstTable, changeCell, htmlTable, metricNames, policyTable } from './tables.ts';

/** Policies, fleet and prices. */
export function comparedHtml({ evidence, fleet, notes }: ReportDocument): string {
  const { prices } = fleet;
  const policies = htmlTable(
    [
      { name: 'policy' },
      { name: 'what it does', isText: true },
      { name: 'proven within', unit: 'every day' },
    ],
    evidence.policies.map(({ id, summary, sameAs, maxGap }) => ({
      cells: [
        escapeXml(id),
        `<td class="wide">${escapeXml(summary)}${sameAs ? `<small>here the very same as ${escapeXml(sameAs)}</small>` : ''}</td>`,
        maxGap === undefined ? '–' : gapPercent(maxGap),
      ],
    })),
  );
  const sites = htmlTable(
    [
      { name: 'site' },
      { name: 'grid' },
      { name: 'servers' },
      { name: 'hardware' },
      { name: 'cooling' },
      { name: 'tariff' },
    ],
    fleet.sites.map((s) => ({
      cells: [s.name, s.gridRegion, String(s.servers), s.hardware, s.cooling, s.tariff].map(
        escapeXml,
      ),
    })),
  );
  return `<p>Every policy serves the same requests within the same limits. Prices of the objective: carbon ${decimal(prices.carbonAudPerT, 0)} AUD/t, water ${decimal(prices.waterAudPerKl, 0)} AUD/kL, users’ time to first token ${decimal(prices.timeAudPerUserHour, 2)} AUD an hour, a request unserved ${decimal(prices.unservedAudPerRequest, 2)} AUD.</p>${policies}<p class="dim">isotherm minimizes this very objective, so no policy can beat it there; the question is by how much, and at what cost in the rest.</p><details><summary>The sites</summary>${sites}</details><details><summary>What had to be left out or stood in for</summary><ul>${notes.map((n) => `<li>${escapeXml(n)}</li>`).join('')}</ul></details>`;
}

/** What charts are drawn of: cooling energy never without all energy. */
type Told = 'objectiveAud' | 'coolingKwh' | 'facilityKwh';

/** The table of all, what isotherm is less than each, and both comparisons by month. */
export function policiesHtml({
  policies,
  year,
  waiting,
  months,
  caps,
  sampledDays,
  withoutCleanest,
}: Evidence): string {
  const rows = (of: Told) =>
    year.rows.flatMap(({ policy, against }) =>
      against ? [{ label: policy, interval: against[of] }] : [],
    );
  const chart = (of: Told, what: string) =>
    whiskers(`isotherm less each policy, ${what}`, rows(of), {
      unit: `isotherm less the other, % of the other’s ${what}`,
      caption: `${what[0]?.toUpperCase()}${what.slice(1)}: left of zero isotherm has less. 95 % intervals.`,
    });
  return `${policyTable(year)}${twinsHtml(policies)}${chart('objectiveAud', 'objective')}${chart('coolingKwh', 'cooling energy')}${chart('facilityKwh', 'all energy')}<details><summary>All differences with intervals</summary>${againstTable(year, metrics)}</details>${waitingHtml(waiting)}${capsHtml(caps, sampledDays)}${monthsHtml(months)}${
    withoutCleanest
      ? `<details><summary>All policies without the sites in Tasmania</summary>${policyTable(withoutCleanest)}${againstTable(withoutCleanest, metrics)}</details>`
      : ''
  }`;
}

/** Policies that another stands for, and why. */
function twinsHtml(policies: Evidence['policies']): string {
  const twins = policies.flatMap(({ id, sameAs }) => (sameAs ? [`${id} as ${sameAs}`] : []));
  if (twins.length === 0) return '';
  return `<p class="dim">Nothing in this fleet may wait, so there is no capacity to share out between users and work that waits: ${escapeXml(twins.join(', '))}, to the last digit.</p>`;
}

/** The four strategies of Xu, Feng and Li where all four differ. */
function waitingHtml(waiting: Evidence['waiting']): string {
  if (!waiting) return '';
  return `<h3>Where a fifth of the requests may wait</h3><p>The same fleet with a class more, a fifth of all requests, that may wait for 8 hours; ${decimal(waiting.days, 0)} days. xu-unaware and xu-cooling place that work before users’ requests, xu-capacity and xu-joint plan both at once; xu-cooling and xu-joint know pPUE by temperature. no-waiting is isotherm with nothing put off.</p>${policyTable(waiting)}<details><summary>All differences with intervals</summary>${againstTable(waiting, metrics)}</details>`;
}

/** What is left of the differences once each policy has the limit that suits it. */
function capsHtml(caps: Evidence['caps'], days: number): string {
  if (caps.length === 0) return '';
  const table = htmlTable(
    [
      { name: 'policy' },
      { name: 'fills sites to', unit: '% of their limit' },
      { name: 'TTFT', unit: 'mean, ms' },
      { name: 'over SLO', unit: '%' },
      ...metrics.map((m) => ({ name: metricNames[m], unit: '%' })),
    ],
    caps.map((r) => ({
      cells: [
        escapeXml(r.policy),
        decimal(100 * r.share, 0),
        decimal(r.ttftMeanMs, 1),
        decimal(100 * r.lateShare, 2),
        ...metrics.map((m) => changeCell(r.against[m])),
      ],
    })),
  );
  return `<h3>Each at the limit that suits it</h3><p>Policies without queues fill their favourite sites, and their users wait there. An operator would lower the limit. Here each has the one of five limits with its least objective, chosen in hindsight over the ${days} days it is judged by; isotherm has none and is less by:</p>${table}`;
}

function monthsHtml(months: Evidence['months']): string {
  if (months.length < 2) return '';
  const series = (of: Told): Series[] =>
    [
      ['nearest', 'against nearest', 1],
      ['fixed-ppue', 'against fixed-ppue', 0],
    ].map(([id, name, colour]) => ({
      name: name as string,
      colour: colour as number,
      points: months.flatMap((m) => {
        const row = m.table.rows.find((r) => r.policy === id);
        return row?.against ? [row.against[of]] : [];
      }),
    }));
  const labels = months.map((m) => m.month.slice(2));
  const why = months.flatMap((m) => (m.disturbed ? [`${m.month}: ${m.disturbed}.`] : [])).join(' ');
  const chart = (of: Told, what: string) =>
    bands(`isotherm by month, ${what}`, labels, series(of), {
      unit: `${what}, %`,
      caption: `By month (year-month). Bands are 95 % intervals. ${why}`,
    });
  const tables = months
    .map(
      (m) =>
        `<h3>${escapeXml(m.month)}</h3>${policyTable(m.table)}${againstTable(m.table, ['objectiveAud', 'facilityKwh', 'coolingKwh', 'carbonKg'])}`,
    )
    .join('');
  return `<h3>By month</h3>${chart('coolingKwh', 'cooling energy')}${chart('facilityKwh', 'all energy')}${chart('objectiveAud', 'objective')}<details><summary>All policies, month by month</summary>${tables}</details>`;
}
