import type { PlanViewBody } from '../core/planning/plan-view.ts';
import type { SlotView } from '../core/planning/view.ts';
import { Axes, type Frame, frameOf, steps } from './axis.tsx';
import { clock, fixed } from './format.ts';
import { useWidth } from './hooks.ts';
import { type Layer, layersOf, spotFor } from './layers.ts';
import { inkOnColour } from './scale.ts';

const HEIGHT = 300;
/** Of a layer's label, and of a character of it, px; measured generously. */
const LABEL_HEIGHT = 15;
const CHARACTER_WIDTH = 7.2;
const HATCHING = 'url(#hatching)';

/** Load by site, hour by hour, one upon the other. */
export function StackedLoad({
  view,
  slots,
  now,
  timeZone,
}: {
  view: PlanViewBody;
  slots: SlotView[];
  now: number;
  timeZone: string;
}) {
  const [ref, width] = useWidth();
  const layers = layersOf(view, slots);
  return (
    <div ref={ref} class="chart">
      {width > 0 && <Drawing {...{ layers, slots, now, timeZone, width }} />}
      <ul class="keys">
        {layers.map(({ name, colour, isHatched }) => (
          <li key={name}>
            <svg width="16" height="12" aria-hidden="true">
              <rect class="layer" width="16" height="12" fill={colour} />
              {isHatched && <rect width="16" height="12" fill={HATCHING} />}
            </svg>
            {name}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Drawing({
  layers,
  slots,
  now,
  timeZone,
  width,
}: {
  layers: Layer[];
  slots: SlotView[];
  now: number;
  timeZone: string;
  width: number;
}) {
  const totals = slots.map((_, t) => layers.reduce((sum, l) => sum + (l.load[t] as number), 0));
  const frame = frameOf(width, HEIGHT, slots.length, [0, Math.max(...totals, 1e-9)]);
  const { x, y } = frame;
  const below = new Float64Array(slots.length);
  const drawn = layers.map((layer) => {
    const from = [...below];
    layer.load.forEach((v, t) => {
      below[t] = (below[t] as number) + v;
    });
    return { ...layer, from };
  });
  return (
    <svg
      width={width}
      height={HEIGHT}
      role="img"
      aria-label={`Busy servers by site over ${slots.length} hours; the table of loads has the same figures.`}
    >
      <Axes {...{ frame, timeZone }} hoursUtcMs={slots.map((s) => s.utcMs)} />
      <defs>
        <pattern id="hatching" width="6" height="6" patternUnits="userSpaceOnUse">
          <path class="hatch" d="M-1 1L1 -1M0 6L6 0M5 7L7 5" />
        </pattern>
      </defs>
      {drawn.map(({ name, load, from, colour, isHatched }) => (
        <g key={name} class="layer" fill={colour}>
          {load.map((v, t) => (
            <rect
              key={slots[t]?.utcMs}
              x={x(t)}
              width={x(t + 1) - x(t) + 0.3}
              y={y((from[t] as number) + v)}
              height={y(from[t] as number) - y((from[t] as number) + v)}
            >
              <title>{`${name}, ${clock(slots[t]?.utcMs as number, timeZone)}: ${fixed(v, 1)} busy servers`}</title>
            </rect>
          ))}
          {isHatched && <path class="hatching" d={areaOf(from, load, frame)} fill={HATCHING} />}
          <path class="edge" d={steps(tops(from, load), frame)} />
        </g>
      ))}
      {drawn.map(({ name, load, from, colour }) => {
        const width = (CHARACTER_WIDTH * name.length) / (x(1) - x(0));
        const spot = spotFor(from, load, width, LABEL_HEIGHT / (y(0) - y(1)));
        return (
          spot && (
            <text
              key={name}
              class="layer-label"
              x={x(spot.slot)}
              y={y(spot.value) + 4}
              text-anchor="middle"
              fill={inkOnColour(colour)}
              stroke={colour}
            >
              {name}
            </text>
          )
        );
      })}
      <line class="now-line" x1={x(now)} x2={x(now)} y1={0} y2={y(0)} />
    </svg>
  );
}

const tops = (from: readonly number[], load: readonly number[]) =>
  load.map((v, t) => v + (from[t] as number));

/** A path around a layer. */
function areaOf(from: readonly number[], load: readonly number[], frame: Frame): string {
  const back = from.map((v, t) => `H${frame.x(t + 1)}V${frame.y(v)}H${frame.x(t)}`).reverse();
  return `${steps(tops(from, load), frame)}${back.join('')}Z`;
}
