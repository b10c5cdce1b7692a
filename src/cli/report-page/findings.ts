import type { Evidence } from '../../sim/evidence/evidence.ts';
import { decimal } from '../format.ts';
import { escapeXml } from '../svg-scale.ts';
import { carbonHtml } from './carbon.ts';
import { whiskers } from './charts.ts';
import { frontChart } from './front.ts';
import { changeCell, changeTable, htmlTable } from './tables.ts';

export function leaveOutHtml({ leaveOuts }: Evidence): string {
  if (leaveOuts.length === 0) return '';
  const region = (id: string) => (id === 'TAS1' ? 'the sites in Tasmania' : id);
  const rows = leaveOuts.map((r) => ({
    cells: [
      `<td class="wide">${r.tariff === 'own' ? 'the registry’s tariffs' : 'spot tariffs'}, ${r.without.length === 0 ? 'all' : `without ${r.without.map(region).join(' and ')}`}</td>`,
      decimal(r.days, 0),
      changeCell(r.awareness.coolingKwh),
      changeCell(r.awareness.facilityKwh),
      changeCell(r.awareness.objectiveAud),
      changeCell(r.joint.coolingKwh),
      changeCell(r.joint.facilityKwh),
      changeCell(r.joint.carbonKg),
      changeCell(r.joint.objectiveAud),
    ],
  }));
  const table = htmlTable(
    [
      { name: 'over' },
      { name: 'days' },
      { name: 'awareness', unit: 'cooling, %' },
      { name: 'awareness', unit: 'all energy, %' },
      { name: 'awareness', unit: 'objective, %' },
      { name: 'joint', unit: 'cooling, %' },
      { name: 'joint', unit: 'all energy, %' },
      { name: 'joint', unit: 'carbon, %' },
      { name: 'joint', unit: 'objective, %' },
    ],
    rows,
  );
  const left = new Set(leaveOuts.flatMap((r) => r.without));
  const why = [
    ...(left.has('TAS1')
      ? [
          'Tasmania’s grid is the cleanest nearly always, so a result could be Tasmania’s alone; without its sites, people there are served elsewhere.',
        ]
      : []),
    ...(left.has('2022-06')
      ? ['In June 2022 the market was suspended, so a result on spot prices could be that month’s.']
      : []),
  ];
  return `<p>${why.join(' ')}</p>${table}`;
}

export function ablationHtml({ ablations }: Evidence): string {
  if (ablations.length === 0) return '';
  const rows = ablations.slice(1);
  const table = changeTable(
    'against isotherm as it is',
    rows.map((r) => ({
      label: r.title,
      change: r.change,
      more: [decimal(r.ttftMeanMs, 1), decimal(100 * r.lateShare, 2)],
    })),
    ['objectiveAud', 'energyCostAud', 'facilityKwh', 'coolingKwh', 'carbonKg', 'waterL'],
    [
      { name: 'TTFT', unit: 'mean, ms' },
      { name: 'over SLO', unit: '%' },
    ],
  );
  return `<p>One thing is taken from what the optimizer weighs; it is charged for it all the same. Above zero: that much worse without.</p>${table}`;
}

export function sensitivityHtml(evidence: Evidence): string {
  const { sensitivity, sampledDays } = evidence;
  if (sensitivity.length === 0) return '';
  const chart = (
    title: string,
    unit: string,
    of: 'awareness' | 'joint',
    metric: 'objectiveAud' | 'coolingKwh',
  ) =>
    whiskers(
      title,
      sensitivity.map((r) => ({ label: r.title, group: r.group, interval: r[of][metric] })),
      { unit, caption: `${title}. One assumption changed at a time, ${sampledDays} days.` },
    );
  const base = sensitivity[0];
  const table = htmlTable(
    [
      { name: 'assumption' },
      { name: 'isotherm', unit: 'objective, AUD' },
      { name: 'isotherm', unit: 'cooling, kWh' },
      { name: 'isotherm', unit: 'all energy, kWh' },
      { name: 'isotherm', unit: 'carbon, kg' },
      { name: 'awareness', unit: 'cooling, %' },
      { name: 'awareness', unit: 'all energy, %' },
      { name: 'awareness', unit: 'carbon, %' },
      { name: 'awareness', unit: 'objective, %' },
      { name: 'joint', unit: 'cooling, %' },
      { name: 'joint', unit: 'all energy, %' },
      { name: 'joint', unit: 'carbon, %' },
      { name: 'joint', unit: 'objective, %' },
    ],
    sensitivity.map((r) => ({
      own: r === base,
      cells: [
        `<td class="wide">${r.group}: ${r.title}</td>`,
        decimal(r.objectiveAud, 0),
        decimal(r.coolingKwh, 0),
        decimal(r.facilityKwh, 0),
        decimal(r.carbonKg, 0),
        changeCell(r.awareness.coolingKwh),
        changeCell(r.awareness.facilityKwh),
        changeCell(r.awareness.carbonKg),
        changeCell(r.awareness.objectiveAud),
        changeCell(r.joint.coolingKwh),
        changeCell(r.joint.facilityKwh),
        changeCell(r.joint.carbonKg),
        changeCell(r.joint.objectiveAud),
      ],
    })),
  );
  return `${chart('Temperature awareness itself, objective', 'isotherm less fixed-ppue, % of the objective', 'awareness', 'objectiveAud')}<details><summary>The same for cooling energy</summary>${chart('Temperature awareness itself, cooling energy', 'isotherm less fixed-ppue, % of cooling energy', 'awareness', 'coolingKwh')}</details><details><summary>The same for joint optimization</summary>${chart('Joint optimization, objective', 'isotherm less nearest, % of the objective', 'joint', 'objectiveAud')}</details><details><summary>As a table</summary>${table}</details>${carbonHtml(evidence)}`;
}

export function frontHtml({ front, sampledDays }: Evidence): string {
  return front.length === 0 ? '' : frontChart(front, sampledDays);
}

export function leversHtml({ levers, leverShares }: Evidence): string {
  if (levers.length === 0) return '';
  const chart = (title: string, of: 'awareness' | 'joint', what: string) =>
    whiskers(
      title,
      leverShares.map((s) => ({
        label: s.lever.replace(/ \(.*\)$/, ''),
        interval: s[of].objectiveAud,
      })),
      {
        unit: 'points of the objective',
        caption: `${what} with the lever less the same without it: left of zero the lever makes it worth more. 95 % intervals; every draw takes the same days with and without.`,
      },
    );
  const shares = htmlTable(
    [
      { name: 'lever' },
      { name: 'days' },
      { name: 'awareness', unit: 'cooling, points' },
      { name: 'awareness', unit: 'all energy, points' },
      { name: 'awareness', unit: 'objective, points' },
      { name: 'joint', unit: 'cooling, points' },
      { name: 'joint', unit: 'all energy, points' },
      { name: 'joint', unit: 'objective, points' },
    ],
    leverShares.map((s) => ({
      cells: [
        `<td class="wide">${escapeXml(s.lever)}<small>less ${escapeXml(s.without)}</small></td>`,
        decimal(s.days, 0),
        changeCell(s.awareness.coolingKwh),
        changeCell(s.awareness.facilityKwh),
        changeCell(s.awareness.objectiveAud),
        changeCell(s.joint.coolingKwh),
        changeCell(s.joint.facilityKwh),
        changeCell(s.joint.objectiveAud),
      ],
    })),
  );
  const table = changeTable(
    'lever, and what is compared',
    levers.map((r) => ({ label: `${r.lever}: ${r.title}`, change: r.change })),
    ['objectiveAud', 'energyCostAud', 'facilityKwh', 'coolingKwh', 'carbonKg', 'waterL'],
  );
  return `<p>What work that may wait, heat that takes capacity, demand charges and wetted pads add to temperature awareness and to joint optimization, each by itself.</p>${chart('What each lever adds to temperature awareness', 'awareness', 'Temperature awareness itself')}${chart('What each lever adds to joint optimization', 'joint', 'Joint optimization')}${shares}<details><summary>With the lever, without it, and other comparisons</summary>${table}</details>`;
}
