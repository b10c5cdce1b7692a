import type { Interval } from '../../core/evidence/bootstrap.ts';
import { signed } from '../format.ts';
import { escapeXml } from '../svg-scale.ts';
import { figure, intervalText } from './charts.ts';

const WIDTH = 860;
const LEFT = 190;
const ROW = 26;
const HEAD = 44;
const GAP = 8;

export interface HeatRow {
  label: string;
  /** Where another block of rows begins. */
  block?: string;
  /** By column; absent where there is nothing. */
  cells: (Interval | undefined)[];
}

/**
 * Values in cells, the larger the stronger in colour; one whose interval holds zero is in brackets. Less than zero
 * is a saving.
 */
export function heat(
  title: string,
  columns: readonly { group: string; label: string }[],
  rows: readonly HeatRow[],
  options: { caption: string; digits: number },
): string {
  const groups = new Set(columns.map((c) => c.group)).size;
  const width = (WIDTH - LEFT - 8 - GAP * (groups - 1)) / columns.length;
  const most = Math.max(1e-9, ...rows.flatMap((r) => r.cells.map((c) => Math.abs(c?.value ?? 0))));
  const xs: number[] = [];
  let x = LEFT;
  let group = columns[0]?.group;
  const heads: string[] = [];
  let groupStart = LEFT;
  const closeGroup = (end: number) =>
    heads.push(
      `<text class="group" x="${((groupStart + end) / 2).toFixed(1)}" y="16" text-anchor="middle">${escapeXml(group ?? '')}</text>`,
    );
  columns.forEach((c) => {
    if (c.group !== group) {
      closeGroup(x);
      x += GAP;
      groupStart = x;
      group = c.group;
    }
    xs.push(x);
    heads.push(
      `<text class="tick" x="${(x + width / 2).toFixed(1)}" y="36" text-anchor="middle">${escapeXml(c.label)}</text>`,
    );
    x += width;
  });
  closeGroup(x);
  let y = HEAD;
  let block: string | undefined;
  const body: string[] = [];
  for (const row of rows) {
    if (row.block !== undefined && row.block !== block) {
      block = row.block;
      body.push(`<text class="group" x="8" y="${y + 16}">${escapeXml(block)}</text>`);
      y += 24;
    }
    body.push(
      `<text class="label" x="${LEFT - 10}" y="${y + 17}" text-anchor="end">${escapeXml(row.label)}</text>`,
    );
    row.cells.forEach((cell, c) => {
      if (!cell) return;
      const at = (xs[c] as number).toFixed(1);
      const kind = cell.value < 0 ? 'better' : 'worse';
      const strength = (0.62 * Math.sqrt(Math.abs(cell.value) / most)).toFixed(3);
      const value = signed(cell.value, options.digits);
      const text =
        (cell.low ?? cell.value) <= 0 && (cell.high ?? cell.value) >= 0 ? `(${value})` : value;
      const { group: tariff, label } = columns[c] as (typeof columns)[number];
      body.push(
        `<g><title>${escapeXml(`${row.block ?? ''} ${row.label}, ${tariff}, ${label}: ${intervalText(cell)} %`)}</title>` +
          `<rect class="cell ${kind}" x="${at}" y="${y}" width="${(width - 2).toFixed(1)}" height="${ROW - 3}" fill-opacity="${strength}"/>` +
          `<text class="cell-text" x="${((xs[c] as number) + width / 2 - 1).toFixed(1)}" y="${y + 16}" text-anchor="middle">${escapeXml(text)}</text></g>`,
      );
    });
    y += ROW;
  }
  return figure(title, y + 6, heads.join('') + body.join(''), options.caption);
}
