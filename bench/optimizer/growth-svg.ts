import type { GrowthPoint } from './growth.ts';

const WIDTH = 640;
const HEIGHT = 360;
const MARGIN = { left: 64, right: 150, top: 24, bottom: 48 };

/** CPU by number of sites on logarithmic axes, readable on light and dark pages. */
export function growthSvg(points: GrowthPoint[]): string {
  const series: { name: string; color: string; value: (p: GrowthPoint) => number }[] = [
    { name: 'coordinator, learned', color: '#d9480f', value: (p) => p.coordinatorMs },
    { name: 'coordinator, supply', color: '#1971c2', value: (p) => p.supplyCoordinatorMs },
    { name: 'all sites together', color: '#2f9e44', value: (p) => Math.max(p.sitesMs, 1) },
  ];
  const values = points.flatMap((p) => series.map((s) => s.value(p)));
  const decades = (low: number, high: number) => {
    const first = Math.floor(Math.log10(low));
    return Array.from({ length: Math.ceil(Math.log10(high)) - first + 1 }, (_, n) => first + n);
  };
  const xTicks = decades(points[0]!.sites, points.at(-1)!.sites);
  const yTicks = decades(Math.min(...values), Math.max(...values));
  const scale = (ticks: number[], from: number, to: number) => (value: number) => {
    const [low, high] = [ticks[0]!, ticks.at(-1)!];
    return from + ((Math.log10(value) - low) / (high - low)) * (to - from);
  };
  const x = scale(xTicks, MARGIN.left, WIDTH - MARGIN.right);
  const y = scale(yTicks, HEIGHT - MARGIN.bottom, MARGIN.top);
  const grid = [
    ...xTicks.map((d) => {
      const at = x(10 ** d).toFixed(1);
      return `<line x1="${at}" x2="${at}" y1="${MARGIN.top}" y2="${HEIGHT - MARGIN.bottom}"/><text x="${at}" y="${HEIGHT - MARGIN.bottom + 18}" text-anchor="middle">${10 ** d}</text>`;
    }),
    ...yTicks.map((d) => {
      const at = y(10 ** d).toFixed(1);
      return `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at}" y2="${at}"/><text x="${MARGIN.left - 8}" y="${at}" text-anchor="end" dominant-baseline="middle">${10 ** d}</text>`;
    }),
  ];
  const last = points.at(-1)!;
  const labelY = spread(series.map((s) => y(s.value(last))));
  const lines = series.map(({ name, color, value }, n) => {
    const path = points.map((p) => `${x(p.sites).toFixed(1)},${y(value(p)).toFixed(1)}`);
    return `<polyline points="${path.join(' ')}" fill="none" stroke="${color}" stroke-width="2"/><text x="${WIDTH - MARGIN.right + 8}" y="${labelY[n]!.toFixed(1)}" fill="${color}" stroke="none" dominant-baseline="middle">${name}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="CPU of a cold optimization by number of sites">
<g stroke="#868e96" stroke-opacity="0.4" fill="#868e96"><g stroke-width="1">${grid.join('').replaceAll('<text', '<text stroke="none"')}</g>
<text stroke="none" x="${(MARGIN.left + WIDTH - MARGIN.right) / 2}" y="${HEIGHT - 10}" text-anchor="middle">sites (as many zones, 12 candidates each)</text>
<text stroke="none" transform="translate(16 ${(MARGIN.top + HEIGHT - MARGIN.bottom) / 2}) rotate(-90)" text-anchor="middle">CPU, ms, cold to 0.1 %</text></g>
${lines.join('\n')}
</svg>
`;
}

/** The same heights, moved down where they are less than a line of text apart. */
function spread(heights: number[]): number[] {
  const moved = heights.slice();
  const order = heights.map((_, n) => n).sort((a, b) => heights[a]! - heights[b]!);
  for (let n = 1; n < order.length; n++) {
    const above = moved[order[n - 1]!]!;
    moved[order[n]!] = Math.max(moved[order[n]!]!, above + 16);
  }
  return moved;
}
