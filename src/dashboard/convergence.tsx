import { Axes, frameOf } from './axis.tsx';
import { fixed, percent } from './format.ts';
import { useWidth } from './hooks.ts';
import { GapChart } from './log-chart.tsx';
import { extent } from './scale.ts';
import type { Round, Run } from './types.ts';

const HEIGHT = 220;

type Certified = Round & { certificate: NonNullable<Round['certificate']> };

/** Bounds closing on each other, round by round, and the gap between them on a logarithmic scale. */
export function Convergence({ run }: { run: Run }) {
  const [ref, width] = useWidth();
  const rounds = run.rounds.filter((r): r is Certified => r.certificate !== undefined);
  const each = width > 700 ? Math.floor((width - 24) / 2) : width;
  return (
    <div ref={ref}>
      {width > 0 && rounds.length > 0 && (
        <div class="pair">
          <div class="chart">
            <h3>Cost of the best plan and proven bound by round, AUD</h3>
            <Bounds rounds={rounds} width={each} />
          </div>
          <div class="chart">
            <h3>Gap between them by round, % of the cost; dashed: the target</h3>
            <GapChart
              points={rounds.map((r) => ({
                label: `${r.round}`,
                gap: r.certificate.gap,
                title: `Round ${r.round}: ${percent(r.certificate.gap)}`,
              }))}
              target={run.gapTarget}
              width={each}
              height={HEIGHT}
              about={`Gap by round: ${rounds.map((r) => percent(r.certificate.gap)).join(', ')}; target ${percent(run.gapTarget)}.`}
              isJoined
            />
          </div>
        </div>
      )}
    </div>
  );
}

function Bounds({ rounds, width }: { rounds: Certified[]; width: number }) {
  const above = rounds.map((r) => r.certificate.objectiveAud);
  const below = rounds.map((r) => r.certificate.lowerBoundAud);
  const frame = frameOf(width, HEIGHT, rounds.length, extent([...above, ...below]));
  const { x, y } = frame;
  const at = (values: number[]) => values.map((v, n) => `${x(n + 0.5)} ${y(v)}`);
  const pairs = rounds.map((_, n) => `${fixed(below[n], 2)} to ${fixed(above[n], 2)}`);
  return (
    <svg
      width={width}
      height={HEIGHT}
      role="img"
      aria-label={`Bound and cost by round: ${pairs.join('; ')} AUD.`}
    >
      <Axes frame={frame} hoursUtcMs={[]} timeZone="UTC" />
      <path class="band" d={`M${at(above).join('L')}L${at(below).reverse().join('L')}Z`} />
      <path class="line" d={`M${at(above).join('L')}`} />
      <path class="line baseline" d={`M${at(below).join('L')}`} />
      <g class="axes">
        {rounds.map((r, n) => (
          <text key={r.round} x={x(n + 0.5)} y={HEIGHT - 8} text-anchor="middle">
            {r.round}
          </text>
        ))}
      </g>
      {rounds.map((r, n) => (
        <g key={r.round}>
          <circle class="dot" cx={x(n + 0.5)} cy={y(above[n] as number)} r={5}>
            <title>{`Round ${r.round}: cost ${fixed(above[n], 2)} AUD`}</title>
          </circle>
          <circle class="dot hollow" cx={x(n + 0.5)} cy={y(below[n] as number)} r={4}>
            <title>{`Round ${r.round}: bound ${fixed(below[n], 2)} AUD`}</title>
          </circle>
        </g>
      ))}
    </svg>
  );
}
