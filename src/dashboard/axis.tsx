import { clock, fixed } from './format.ts';
import { digitsOf, linear, type Scale, ticks } from './scale.ts';

/** Room around a chart's plot, px. */
export const MARGIN = { left: 60, right: 12, top: 8, bottom: 26 };

export interface Frame {
  width: number;
  height: number;
  x: Scale;
  y: Scale;
}

/** Scales of a chart of so many slots, and of figures from low to high. */
export function frameOf(
  width: number,
  height: number,
  slots: number,
  [low, high]: [number, number],
): Frame {
  return {
    width,
    height,
    x: linear([0, slots], [MARGIN.left, width - MARGIN.right]),
    y: linear([low, high], [height - MARGIN.bottom, MARGIN.top]),
  };
}

/** Lines and labels of a chart's axes: hours below, figures on the left. */
export function Axes({
  frame,
  domain,
  hoursUtcMs,
  timeZone,
}: {
  frame: Frame;
  domain: [number, number];
  hoursUtcMs: readonly number[];
  timeZone: string;
}) {
  const { x, y, width, height } = frame;
  const marks = ticks(domain, 4);
  const digits = digitsOf(marks);
  const perLabel = Math.max(1, Math.ceil(hoursUtcMs.length / Math.max(1, (width - 64) / 52)));
  return (
    <g class="axes">
      {marks.map((value) => (
        <g key={value}>
          <line x1={MARGIN.left} x2={width - MARGIN.right} y1={y(value)} y2={y(value)} />
          <text x={MARGIN.left - 6} y={y(value) + 4} text-anchor="end">
            {fixed(value, digits)}
          </text>
        </g>
      ))}
      {hoursUtcMs.map(
        (utcMs, t) =>
          t % perLabel === 0 && (
            <text key={utcMs} x={x(t)} y={height - 8}>
              {clock(utcMs, timeZone)}
            </text>
          ),
      )}
    </g>
  );
}

/** A path that holds each slot's value for the slot, from the left edge of the first. */
export function steps(values: readonly number[], { x, y }: Pick<Frame, 'x' | 'y'>): string {
  return values
    .map(
      (v, t) =>
        `${t === 0 ? 'M' : 'L'}${x(t).toFixed(1)} ${y(v).toFixed(1)}H${x(t + 1).toFixed(1)}`,
    )
    .join('');
}
