import type { Interval } from '../../core/evidence/bootstrap.ts';
import { decimal, signed } from '../format.ts';
import { escapeXml, linear, ticks } from '../svg-scale.ts';

const WIDTH = 860;

/** An SVG that scales with its column and names itself to those who do not see it. */
export function figure(title: string, height: number, body: string, caption: string): string {
  return `<figure><div class="scroll" tabindex="0" role="group" aria-label="chart"><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeXml(title)}">${body}</svg></div><figcaption>${escapeXml(caption)}</figcaption></figure>`;
}

const px = (value: number) => value.toFixed(1);

export function intervalText({ value, low, high }: Interval, digits = 2): string {
  if (low === null || high === null) return signed(value, digits);
  return `${signed(value, digits)} [${signed(low, digits)}, ${signed(high, digits)}]`;
}

/** Whether an interval leaves no doubt, as far as it is shown: what is told as zero is neither. */
export function verdict({ low, high }: Interval, digits: number): 'better' | 'worse' | 'unsure' {
  if (low === null || high === null) return 'unsure';
  const least = 0.5 * 10 ** -digits;
  return low >= least ? 'worse' : high <= -least ? 'better' : 'unsure';
}

export interface WhiskerRow {
  label: string;
  interval: Interval;
  /** A heading above the first row of each. */
  group?: string;
}

/** Estimates and intervals beside one another, one a row, zero marked. */
export function whiskers(
  title: string,
  rows: readonly WhiskerRow[],
  options: { unit: string; caption: string; digits?: number },
): string {
  const left = 330;
  const right = WIDTH - 170;
  const all = rows.flatMap(({ interval: i }) => [i.low ?? i.value, i.high ?? i.value, i.value]);
  const marks = ticks(Math.min(0, ...all), Math.max(0, ...all));
  const x = linear(marks, left, right);
  let y = 30;
  const parts: string[] = [];
  let group: string | undefined;
  for (const row of rows) {
    if (row.group !== undefined && row.group !== group) {
      group = row.group;
      y += 8;
      parts.push(`<text class="group" x="8" y="${y + 4}">${escapeXml(group)}</text>`);
      y += 20;
    }
    const { value, low, high } = row.interval;
    const kind = verdict(row.interval, options.digits ?? 2);
    parts.push(
      `<g class="${kind}"><text class="label" x="${left - 12}" y="${y + 4}" text-anchor="end">${escapeXml(row.label)}</text>` +
        `<line class="whisker" x1="${px(x(low ?? value))}" x2="${px(x(high ?? value))}" y1="${y}" y2="${y}"/>` +
        `<circle cx="${px(x(value))}" cy="${y}" r="4"/>` +
        `<text class="value" x="${right + 14}" y="${y + 4}">${escapeXml(intervalText(row.interval, options.digits ?? 2))}</text></g>`,
    );
    y += 22;
  }
  const bottom = y;
  const grid = marks
    .map(
      (m) =>
        `<line class="${m === 0 || Math.abs(m) < 1e-12 ? 'zero' : 'grid'}" x1="${px(x(m))}" x2="${px(x(m))}" y1="16" y2="${bottom - 8}"/>` +
        `<text class="tick" x="${px(x(m))}" y="${bottom + 8}" text-anchor="middle">${decimal(m, stepDigits(marks))}</text>`,
    )
    .join('');
  const axis = `<text class="axis" x="${(left + right) / 2}" y="${bottom + 26}" text-anchor="middle">${escapeXml(options.unit)}</text>`;
  return figure(title, bottom + 34, grid + axis + parts.join(''), options.caption);
}

export interface Series {
  name: string;
  /** Of the colours: 0, 1, … */
  colour: number;
  points: readonly Interval[];
}

/** Lines with bands of their intervals over months. */
export function bands(
  title: string,
  labels: readonly string[],
  series: readonly Series[],
  options: { unit: string; caption: string },
): string {
  const height = 300;
  const box = { left: 70, right: WIDTH - 190, top: 16, bottom: height - 52 };
  const all = series.flatMap((s) => s.points.flatMap((p) => [p.low ?? p.value, p.high ?? p.value]));
  const marks = ticks(Math.min(0, ...all), Math.max(0, ...all));
  const y = linear(marks, box.bottom, box.top);
  const x = (n: number) =>
    labels.length < 2
      ? (box.left + box.right) / 2
      : box.left + 12 + ((box.right - box.left - 24) * n) / (labels.length - 1);
  const grid = marks
    .map(
      (m) =>
        `<line class="${Math.abs(m) < 1e-12 ? 'zero' : 'grid'}" x1="${box.left}" x2="${box.right}" y1="${px(y(m))}" y2="${px(y(m))}"/>` +
        `<text class="tick" x="${box.left - 8}" y="${px(y(m) + 4)}" text-anchor="end">${decimal(m, stepDigits(marks))}</text>`,
    )
    .join('');
  const months = labels
    .map(
      (l, n) =>
        `<text class="tick" x="${px(x(n))}" y="${box.bottom + 20}" text-anchor="middle">${escapeXml(l)}</text>`,
    )
    .join('');
  const lines = series
    .map(({ name, colour, points }) => {
      const at = (n: number, v: number) => `${px(x(n))},${px(y(v))}`;
      const upper = points.map((p, n) => at(n, p.high ?? p.value));
      const lower = points.map((p, n) => at(n, p.low ?? p.value)).reverse();
      const last = points.at(-1);
      const dots = points
        .map(
          (p, n) =>
            `<circle cx="${px(x(n))}" cy="${px(y(p.value))}" r="3.5"><title>${escapeXml(`${name}, ${labels[n]}: ${intervalText(p)}`)}</title></circle>`,
        )
        .join('');
      return `<g class="c${colour}"><polygon class="band" points="${[...upper, ...lower].join(' ')}"/><polyline class="line" points="${points.map((p, n) => at(n, p.value)).join(' ')}"/>${dots}${last ? `<text class="name" x="${box.right + 8}" y="${px(y(last.value) + 4)}">${escapeXml(name)}</text>` : ''}</g>`;
    })
    .join('');
  const axis = `<text class="axis" transform="translate(16 ${(box.top + box.bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeXml(options.unit)}</text>`;
  return figure(title, height, grid + months + axis + lines, options.caption);
}

/** Decimals that tell the ticks of an axis apart. */
function stepDigits(marks: readonly number[]): number {
  const step = Math.abs((marks[1] ?? 1) - (marks[0] ?? 0));
  return Math.max(0, Math.min(3, Math.ceil(-Math.log10(step) - 1e-9)));
}
