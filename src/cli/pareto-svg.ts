import { leastY } from '../core/planning/pareto.ts';
import { decimal } from './format.ts';
import { axes, type Front } from './pareto-report.ts';
import { escapeXml, linear, ticks } from './svg-scale.ts';

const WIDTH = 720;
const HEIGHT = 440;
const MARGIN = { left: 84, right: 24, top: 40, bottom: 56 };
/** Places at which the bound is drawn. */
const STEPS = 240;

/** The front, what no plan can reach below it, and the present plan; on light and dark pages. */
export function frontSvg(front: Front): string {
  const { rows, present } = front;
  const axis = axes[front.axis];
  const xs = [...rows.map((r) => r.x), present.x];
  const ys = [...rows.map((r) => r.y), present.y];
  const xTicks = ticks(Math.min(...xs), Math.max(...xs));
  const yTicks = ticks(Math.min(...ys), Math.max(...ys));
  const x = linear(xTicks, MARGIN.left, WIDTH - MARGIN.right);
  const y = linear(yTicks, HEIGHT - MARGIN.bottom, MARGIN.top);
  const at = (px: number, py: number) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`;
  const low = xTicks[0] as number;
  const high = xTicks.at(-1) as number;
  const floor = yTicks[0] as number;
  const bound = Array.from({ length: STEPS + 1 }, (_, n) => {
    const px = low + ((high - low) * n) / STEPS;
    const py = leastY(rows, px);
    return at(px, Math.min(Math.max(py, floor), yTicks.at(-1) as number));
  });
  const grid = [
    ...xTicks.map(
      (v) =>
        `<line x1="${x(v)}" x2="${x(v)}" y1="${MARGIN.top}" y2="${HEIGHT - MARGIN.bottom}"/><text stroke="none" x="${x(v)}" y="${HEIGHT - MARGIN.bottom + 18}" text-anchor="middle">${label(v)}</text>`,
    ),
    ...yTicks.map(
      (v) =>
        `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y(v)}" y2="${y(v)}"/><text stroke="none" x="${MARGIN.left - 8}" y="${y(v)}" text-anchor="end" dominant-baseline="middle">${label(v)}</text>`,
    ),
  ];
  const title = `What less ${axis.name} costs: ${front.fleet.name}, ${new Date(front.inputs.startUtcMs).toISOString().slice(0, 16)}Z`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${escapeXml(title)}">
<text x="${MARGIN.left}" y="22" font-size="14" fill="#868e96">${escapeXml(title)}</text>
<g stroke="#868e96" stroke-opacity="0.35" fill="#868e96">${grid.join('')}
<text stroke="none" x="${(MARGIN.left + WIDTH - MARGIN.right) / 2}" y="${HEIGHT - 14}" text-anchor="middle">${axis.name}, ${axis.unit}</text>
<text stroke="none" transform="translate(18 ${(MARGIN.top + HEIGHT - MARGIN.bottom) / 2}) rotate(-90)" text-anchor="middle">all else, AUD</text></g>
<polygon points="${at(low, floor)} ${bound.join(' ')} ${at(high, floor)}" fill="#868e96" fill-opacity="0.18"/>
<polyline points="${rows.map((r) => at(r.x, r.y)).join(' ')}" fill="none" stroke="#1971c2" stroke-width="2"/>
${rows.map((r) => `<circle cx="${x(r.x).toFixed(1)}" cy="${y(r.y).toFixed(1)}" r="4" fill="#1971c2"><title>${decimal(r.price * axis.unitsPerPriced, 1)} ${axis.priceUnit}: ${decimal(r.x, 0)} ${axis.unit}, ${decimal(r.y, 2)} AUD</title></circle>`).join('')}
<circle cx="${x(present.x).toFixed(1)}" cy="${y(present.y).toFixed(1)}" r="6" fill="none" stroke="#d9480f" stroke-width="2"/>
<text x="${(x(present.x) + 10).toFixed(1)}" y="${(y(present.y) - 10).toFixed(1)}" fill="#d9480f">now</text>
<text x="${MARGIN.left + 8}" y="${HEIGHT - MARGIN.bottom - 8}" fill="#868e96">grey: no plan can be there</text>
</svg>
`;
}

function label(value: number): string {
  return decimal(value, Math.abs(value) < 10 ? 2 : 0);
}
