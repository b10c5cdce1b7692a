import type { FrontPoint } from '../../sim/evidence/front.ts';
import { decimal } from '../format.ts';
import { escapeXml, linear, ticks } from '../svg-scale.ts';
import { figure } from './charts.ts';

const WIDTH = 860;
const HEIGHT = 420;
const BOX = { left: 84, right: WIDTH - 130, top: 16, bottom: HEIGHT - 58 };

/** Carbon against all else: the front through the optima, and every policy beside it. */
export function frontChart(points: readonly FrontPoint[], days: number): string {
  const xTicks = ticks(
    Math.min(...points.map((p) => p.carbonKg / 1000)),
    Math.max(...points.map((p) => p.carbonKg / 1000)),
  );
  const yTicks = ticks(
    Math.min(...points.map((p) => p.otherAud / 1000)),
    Math.max(...points.map((p) => p.otherAud / 1000)),
  );
  const x = linear(xTicks, BOX.left, BOX.right);
  const y = linear(yTicks, BOX.bottom, BOX.top);
  const at = (p: FrontPoint) =>
    [x(p.carbonKg / 1000).toFixed(1), y(p.otherAud / 1000).toFixed(1)] as const;
  const grid = [
    ...xTicks.map(
      (v) =>
        `<line class="grid" x1="${x(v)}" x2="${x(v)}" y1="${BOX.top}" y2="${BOX.bottom}"/><text class="tick" x="${x(v)}" y="${BOX.bottom + 18}" text-anchor="middle">${decimal(v, 0)}</text>`,
    ),
    ...yTicks.map(
      (v) =>
        `<line class="grid" x1="${BOX.left}" x2="${BOX.right}" y1="${y(v)}" y2="${y(v)}"/><text class="tick" x="${BOX.left - 8}" y="${y(v) + 4}" text-anchor="end">${decimal(v, 0)}</text>`,
    ),
  ].join('');
  const optima = points.filter((p) => p.carbonAudPerT !== undefined);
  // isotherm is on the line, at the registry’s own price.
  const others = points.filter((p) => p.carbonAudPerT === undefined && p.name !== 'isotherm');
  const line = `<polyline class="line" points="${optima.map((p) => at(p).join(',')).join(' ')}"/>`;
  const dot = (p: FrontPoint, r: number) => {
    const [cx, cy] = at(p);
    const told = `${p.name}: ${decimal(p.carbonKg / 1000, 1)} t CO2e, ${decimal(p.otherAud, 0)} AUD else, of it ${decimal(p.energyCostAud, 0)} energy`;
    return `<circle cx="${cx}" cy="${cy}" r="${r}"><title>${escapeXml(told)}</title></circle>`;
  };
  const names = optima.map((p) => {
    const [cx, cy] = at(p);
    return `<text class="tick" x="${Number(cx) - 8}" y="${Number(cy) + 16}" text-anchor="end">${decimal(p.carbonAudPerT as number, 0)}</text>`;
  });
  const named = placed(
    others.map((p) => ({ name: p.name, x: Number(at(p)[0]), y: Number(at(p)[1]) })),
  );
  const labels = named.map(
    (l) =>
      `<text class="name" x="${(l.x + 9).toFixed(1)}" y="${(l.labelY + 4).toFixed(1)}">${escapeXml(l.name)}</text>`,
  );
  const axes =
    `<text class="axis" x="${(BOX.left + BOX.right) / 2}" y="${HEIGHT - 16}" text-anchor="middle">carbon, t CO2e in ${days} days</text>` +
    `<text class="axis" transform="translate(18 ${(BOX.top + BOX.bottom) / 2}) rotate(-90)" text-anchor="middle">energy, water and time, 1,000 AUD</text>`;
  const body = `${grid}${axes}<g class="c0">${line}${optima.map((p) => dot(p, 4)).join('')}</g>${names.join('')}<g class="c1">${others.map((p) => dot(p, 4.5)).join('')}${labels.join('')}</g>`;
  return figure(
    'Carbon against all other costs',
    HEIGHT,
    body,
    'Blue: optima at the prices of carbon beside them, in AUD/t. No plan of these days has both less carbon and less of all else than one of them, within the certified gap; between them the front bends below the lines. Other policies are at the registry’s own prices.',
  );
}

/** Labels that would lie on one another or on a point, moved down. */
function placed(labels: { name: string; x: number; y: number }[]) {
  const done: { name: string; x: number; y: number; labelY: number }[] = [];
  for (const l of [...labels].sort((a, b) => a.y - b.y)) {
    let labelY = l.y;
    const isTaken = (at: number) =>
      done.some((d) => Math.abs(d.labelY - at) < 14 && Math.abs(d.x - l.x) < 110) ||
      labels.some((o) => o.x > l.x + 4 && o.x < l.x + 70 && Math.abs(o.y - at) < 9);
    while (isTaken(labelY)) labelY += 3;
    done.push({ ...l, labelY });
  }
  return done;
}
