import ground from 'map:fleet';
import { figure } from './format.ts';
import { type Projection, scaleBarKm } from './projection.ts';
import { digitsOf, ticks } from './scale.ts';

/** What a map is drawn on: land, borders, degrees and a scale. */

/** Parallels and meridians, about so far apart, px. */
const APART_PX = 110;
const MAX_BAR_PX = 120;
/** Over so many degrees of latitude a length is much the same everywhere. */
const TRUE_DEG = 10;

type Line = (typeof ground.rings)[number];

export function Ground({ map }: { map: Projection }) {
  return (
    <>
      <path class="land" d={ground.rings.map((ring) => `${path(ring, map)}Z`).join('')} />
      <path class="border" d={ground.borders.map((line) => path(line, map)).join('')} />
      <Degrees map={map} />
      <ScaleBar map={map} />
    </>
  );
}

function path(line: Line, map: Projection): string {
  const points = line.map(([lonDeg, latDeg]) => {
    const { x, y } = map.at({ lonDeg, latDeg });
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  return `M${points.join('L')}`;
}

/** Parallels and meridians at round degrees. */
function Degrees({ map }: { map: Projection }) {
  const { westDeg, eastDeg, southDeg, northDeg } = ground.box;
  const { left, right, bottom } = map.frame;
  const parallels = ticks([southDeg, northDeg], Math.max(2, bottom / APART_PX));
  const meridians = ticks([westDeg, eastDeg], Math.max(2, (right - left) / APART_PX));
  const [latDigits, lonDigits] = [digitsOf(parallels), digitsOf(meridians)];
  return (
    <g class="axes degrees">
      {parallels.map((latDeg) => {
        const { y } = map.at({ latDeg, lonDeg: westDeg });
        // A label needs its height within the drawing.
        const at = Math.min(Math.max(y + 4, 11), map.height - 2);
        return (
          <g key={latDeg}>
            <line x1={left} x2={right} y1={y} y2={y} />
            <text x={left - 5} y={at} text-anchor="end">
              {degrees(latDeg, latDigits, 'N', 'S')}
            </text>
          </g>
        );
      })}
      {meridians.map((lonDeg) => {
        const { x } = map.at({ latDeg: southDeg, lonDeg });
        const room = Math.min(x - left, right - x);
        return (
          <g key={lonDeg}>
            <line x1={x} x2={x} y1={0} y2={bottom} />
            {room > 18 && (
              <text x={x} y={bottom + 14} text-anchor="middle">
                {degrees(lonDeg, lonDigits, 'E', 'W')}
              </text>
            )}
          </g>
        );
      })}
      <rect x={left} y={0} width={right - left} height={bottom} />
    </g>
  );
}

function degrees(deg: number, digits: number, positive: string, negative: string): string {
  const side = deg === 0 ? '' : `\u00a0${deg > 0 ? positive : negative}`;
  return `${Math.abs(deg).toFixed(digits)}°${side}`;
}

function ScaleBar({ map }: { map: Projection }) {
  const { left, bottom } = map.frame;
  const km = scaleBarKm(map.kmPerPx, MAX_BAR_PX);
  const end = left + km / map.kmPerPx;
  const y = bottom + 28;
  const isLarge = ground.box.northDeg - ground.box.southDeg > TRUE_DEG;
  return (
    <g class="axes scale-bar">
      <path d={`M${left} ${y - 4}v8M${left} ${y}H${end}M${end} ${y - 4}v8`} />
      <text x={end + 6} y={y + 4}>
        {figure(km)} km{isLarge && ' at its middle latitude'}
      </text>
    </g>
  );
}
