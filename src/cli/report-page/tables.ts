import type { Interval } from '../../core/evidence/bootstrap.ts';
import type { Change, Metric, Row, Table } from '../../core/evidence/compare.ts';
import { decimal, signed } from '../format.ts';
import { escapeXml } from '../svg-scale.ts';
import { verdict } from './charts.ts';

/** How the metrics are named, and in what unit. */
export const metricNames: Record<Metric, string> = {
  objectiveAud: 'objective',
  energyCostAud: 'energy cost',
  facilityKwh: 'all energy',
  coolingKwh: 'cooling',
  carbonKg: 'carbon',
  waterL: 'water',
};

export interface Head {
  name: string;
  unit?: string;
  isText?: boolean;
}

/** Columns that a page of paper has no room for at the usual size. */
const MANY = 8;

/** Cells are HTML. */
export function htmlTable(
  heads: readonly Head[],
  rows: readonly { cells: string[]; own?: boolean }[],
): string {
  const head = heads
    .map(
      ({ name, unit, isText }) =>
        `<th scope="col"${isText ? ' class="left"' : ''}>${escapeXml(name)}${unit ? `<small>${escapeXml(unit)}</small>` : ''}</th>`,
    )
    .join('');
  const body = rows
    .map(({ cells, own }) => `<tr${own ? ' class="own"' : ''}>${cells.map(cellHtml).join('')}</tr>`)
    .join('');
  return `<div class="scroll" tabindex="0" role="group" aria-label="table"><table${heads.length > MANY ? ' class="many"' : ''}><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
}

/** A cell that begins with a tag of its own is taken as it is. */
const cellHtml = (cell: string) => (cell.startsWith('<td') ? cell : `<td>${cell}</td>`);

/** A change with its interval below; coloured where the interval leaves no doubt. */
export function changeCell(interval: Interval, digits = 2): string {
  const { value, low, high } = interval;
  const kind = verdict(interval, digits);
  const range =
    low === null || high === null
      ? 'no interval'
      : `${signed(low, digits)} … ${signed(high, digits)}`;
  return `<td><span${kind === 'unsure' ? '' : ` class="${kind}"`}>${signed(value, digits)}</span><small>${range}</small></td>`;
}

/** Figures of all policies over some days. */
export function policyTable({ rows }: Table): string {
  const heads: Head[] = [
    { name: 'policy' },
    { name: 'objective', unit: 'AUD' },
    { name: 'energy cost', unit: 'AUD' },
    { name: 'all energy', unit: 'kWh' },
    { name: 'cooling', unit: 'kWh' },
    { name: 'carbon', unit: 'kg CO2e' },
    { name: 'water', unit: 'L' },
    { name: 'TTFT', unit: 'mean, ms' },
    { name: 'over SLO', unit: '%' },
  ];
  const figures = (r: Row) => [
    ...[r.objectiveAud, r.energyCostAud, r.facilityKwh, r.coolingKwh, r.carbonKg, r.waterL].map(
      (v) => decimal(v, 0),
    ),
    decimal(r.ttftMeanMs, 1),
    decimal(100 * r.lateShare, 2),
  ];
  return htmlTable(
    heads,
    rows.map((r) => ({
      cells: [escapeXml(r.policy), ...figures(r)],
      own: r.against === undefined,
    })),
  );
}

/** What the reference is less than each other policy. */
export function againstTable({ rows }: Table, metrics: readonly Metric[]): string {
  return htmlTable(
    [
      { name: 'isotherm less', unit: '95 % interval below' },
      ...metrics.map((m) => ({ name: metricNames[m], unit: '%' })),
    ],
    rows.flatMap(({ policy, against }) =>
      against
        ? [{ cells: [escapeXml(policy), ...metrics.map((m) => changeCell(against[m]))] }]
        : [],
    ),
  );
}

/** Labelled changes in some metrics. */
export function changeTable(
  first: string,
  rows: readonly { label: string; change: Change; more?: string[] }[],
  metrics: readonly Metric[],
  more: readonly Head[] = [],
): string {
  return htmlTable(
    [{ name: first }, ...metrics.map((m) => ({ name: metricNames[m], unit: '%' })), ...more],
    rows.map((r) => ({
      cells: [
        `<td class="wide">${escapeXml(r.label)}</td>`,
        ...metrics.map((m) => changeCell(r.change[m])),
        ...(r.more ?? []),
      ],
    })),
  );
}
