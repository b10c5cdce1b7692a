import type { Figures } from '../core/planning/charge.ts';
import type { SlotView } from '../core/planning/view.ts';
import { Axes, frameOf, steps } from './axis.tsx';
import { clock, fixed } from './format.ts';
import { Head } from './head.tsx';
import { useWidth } from './hooks.ts';
import { extent } from './scale.ts';
import { Scroll } from './scroll.tsx';

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
  const id = label.toLowerCase();
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
  const frame = frameOf(width, HEIGHT, slots.length, [Math.min(0, low), high]);
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const means = `mean ${fixed(mean(plan), 3)} with the plan, ${fixed(mean(nearest), 3)} at the nearest sites`;
  return (
    <div ref={ref} class="chart">
      <h3 id={`${id}-title`}>
        {label}, {unit}
      </h3>
      {width > 0 && (
        <svg
          width={width}
          height={HEIGHT}
          role="img"
          aria-label={`${label} by hour, ${unit}: ${means}`}
        >
          <Axes {...{ frame, timeZone }} hoursUtcMs={slots.map((s) => s.utcMs)} />
          <path class="line baseline" d={steps(nearest, frame)} />
          <path class="line" d={steps(plan, frame)} />
          <line
            class="now-line"
            x1={frame.x(now)}
            x2={frame.x(now)}
            y1={0}
            y2={frame.y(frame.domain[0])}
          />
        </svg>
      )}
      <details>
        <summary>The same as a table</summary>
        <Scroll labelledBy={`${id}-title`}>
          <table class="what-if">
            <Head first={['Hour']} numbers={['The plan', 'Nearest sites']} />
            <tbody>
              {slots.map((slot, t) => (
                <tr key={slot.utcMs}>
                  <th scope="row">{clock(slot.utcMs, timeZone)}</th>
                  <td class="number">{fixed(plan[t], 3)}</td>
                  <td class="number">{fixed(nearest[t], 3)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      </details>
      <p class="source">
        Full line: where the plan’s requests go; dashed: their nearest sites; {means}.
      </p>
    </div>
  );
}
