import type { Figures } from '../core/planning/charge.ts';
import type { SlotView } from '../core/planning/view.ts';
import { Axes, frameOf, steps } from './axis.tsx';
import { fixed } from './format.ts';
import { useWidth } from './hooks.ts';
import { extent } from './scale.ts';

const HEIGHT = 170;

/** One figure of the plan and of the nearest sites, hour by hour. */
export function PlanAndNearest({
  label,
  unit,
  slots,
  of,
  now,
  timeZone,
}: {
  label: string;
  unit: string;
  slots: SlotView[];
  of: (figures: Figures) => number;
  now: number;
  timeZone: string;
}) {
  const [ref, width] = useWidth();
  const plan = slots.map((s) => of(s.plan));
  const nearest = slots.map((s) => of(s.nearest));
  const known = [...plan, ...nearest].filter(Number.isFinite);
  if (known.length < plan.length + nearest.length) {
    return (
      <div ref={ref}>
        <h3>
          {label}, {unit}
        </h3>
        <p class="quiet">Some sites do not tell it.</p>
      </div>
    );
  }
  const [low, high] = extent(known);
  const domain: [number, number] = [Math.min(0, low), high];
  const frame = frameOf(width, HEIGHT, slots.length, domain);
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const means = `mean ${fixed(mean(plan), 3)} with the plan, ${fixed(mean(nearest), 3)} at the nearest sites`;
  return (
    <div ref={ref} class="chart">
      <h3>
        {label}, {unit}
      </h3>
      {width > 0 && (
        <svg
          width={width}
          height={HEIGHT}
          role="img"
          aria-label={`${label} by hour, ${unit}: ${means}`}
        >
          <Axes {...{ frame, domain, timeZone }} hoursUtcMs={slots.map((s) => s.utcMs)} />
          <path class="line baseline" d={steps(nearest, frame)} />
          <path class="line" d={steps(plan, frame)} />
          <line
            class="now-line"
            x1={frame.x(now)}
            x2={frame.x(now)}
            y1={0}
            y2={frame.y(domain[0])}
          />
        </svg>
      )}
      <p class="source">
        Full line: where the plan’s requests go; dashed: their nearest sites; {means}.
      </p>
    </div>
  );
}
