import { clock, fixed } from './format.ts';
import { digitsOf, linear, roundedOut, type Scale, ticks } from './scale.ts';

/** Room around a chart's plot, px. */
export const MARGIN = { left: 60, right: 12, top: 8, bottom: 26 };

export interface Frame {
  width: number;
  height: number;
  /** Of the figures. */
  domain: [number, number];
  x: Scale;
  y: Scale;
}

/** Marks of an axis of figures, about. */
export const MARKS = 4;

/** Scales of a chart of so many slots, and of figures from the mark below the lowest to that above the highest. */
export function frameOf(
  width: number,
  height: number,
  slots: number,
  figures: [number, number],
): Frame {
  const domain = roundedOut(figures, MARKS);
  const [low, high] = domain;
  return {
    width,
    height,
    domain,
    x: linear([0, slots], [MARGIN.left, width - MARGIN.right]),
    y: linear([low, high], [height - MARGIN.bottom, MARGIN.top]),
  };
}

/** Lines and labels of a chart's axes: hours below, figures on the left. */
export function Axes({
  frame,
  hoursUtcMs,
  timeZone,
}: {
  frame: Frame;
  hoursUtcMs: readonly number[];
  timeZone: string;
}) {
  const { x, y, width, height, domain } = frame;
  const marks = ticks(domain, MARKS);
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
