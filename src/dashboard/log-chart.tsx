import { MARGIN } from './axis.tsx';
import { linear } from './scale.ts';

/** Gaps under this are drawn at it. */
const LEAST = 1e-7;

export interface GapPoint {
  label: string;
  gap: number;
  title: string;
}

/** Gaps on a logarithmic scale, in order, with the target they are to pass. */
export function GapChart({
  points,
  target,
  width,
  height,
  about,
  isJoined,
}: {
  points: GapPoint[];
  target: number | undefined;
  width: number;
  height: number;
  about: string;
  isJoined: boolean;
}) {
  const logs = [...points.map((p) => p.gap), ...(target ? [target] : [])].map(log);
  const low = Math.floor(Math.min(...logs));
  const high = Math.max(low + 1, Math.ceil(Math.max(...logs)));
  const y = linear([low, high], [height - MARGIN.bottom, MARGIN.top]);
  const inner = width - MARGIN.left - MARGIN.right;
  const x = (n: number) => MARGIN.left + ((n + 0.5) / points.length) * inner;
  const perLabel = Math.max(1, Math.ceil((40 * points.length) / inner));
  const decades = Array.from({ length: high - low + 1 }, (_, n) => low + n);
  return (
    <svg width={width} height={height} role="img" aria-label={about}>
      <g class="axes">
        {decades.map((d) => (
          <g key={d}>
            <line x1={MARGIN.left} x2={width - MARGIN.right} y1={y(d)} y2={y(d)} />
            <text x={MARGIN.left - 6} y={y(d) + 4} text-anchor="end">
              {Number((100 * 10 ** d).toPrecision(1))} %
            </text>
          </g>
        ))}
        {points.map(
          (p, n) =>
            n % perLabel === 0 && (
              <text key={p.label} x={x(n)} y={height - 8} text-anchor="middle">
                {p.label}
              </text>
            ),
        )}
      </g>
      {target && (
        <line
          class="line baseline"
          x1={MARGIN.left}
          x2={width - MARGIN.right}
          y1={y(log(target))}
          y2={y(log(target))}
        />
      )}
      {isJoined && (
        <path class="line" d={`M${points.map((p, n) => `${x(n)} ${y(log(p.gap))}`).join('L')}`} />
      )}
      {points.map((p, n) => (
        <circle key={p.label} class="dot" cx={x(n)} cy={y(log(p.gap))} r={isJoined ? 5 : 3.5}>
          <title>{p.title}</title>
        </circle>
      ))}
    </svg>
  );
}

function log(gap: number): number {
  return Math.log10(Math.max(gap, LEAST));
}
