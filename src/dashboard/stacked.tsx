import type { PlanViewBody } from '../core/planning/plan-view.ts';
import type { SlotView } from '../core/planning/view.ts';
import { Axes, frameOf } from './axis.tsx';
import { clock, fixed } from './format.ts';
import { useWidth } from './hooks.ts';
import { CATEGORIES } from './scale.ts';

const HEIGHT = 300;
/** Sites that have a colour of their own; the others share the last one. */
const OWN = CATEGORIES.length - 1;

interface Layer {
  name: string;
  /** Busy servers by slot. */
  load: number[];
}

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
        {layers.map(({ name }, n) => (
          <li key={name}>
            <svg width="12" height="12" aria-hidden="true">
              <rect width="12" height="12" fill={CATEGORIES[n]} />
            </svg>
            {name}
          </li>
        ))}
      </ul>
    </div>
  );
}

export function layersOf(view: PlanViewBody, slots: SlotView[]): Layer[] {
  const all = view.fleet.sites
    .map((site, j) => ({
      name: site.name,
      load: slots.map((s) => (s.sites[j]?.utilisation ?? 0) * site.servers),
    }))
    .map((layer) => ({ ...layer, sum: layer.load.reduce((a, b) => a + b, 0) }))
    .sort((a, b) => b.sum - a.sum);
  if (all.length <= OWN + 1) return all;
  const rest = all.slice(OWN);
  const load = slots.map((_, t) => rest.reduce((sum, l) => sum + (l.load[t] as number), 0));
  return [...all.slice(0, OWN), { name: `${rest.length} others`, load }];
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
  const domain: [number, number] = [0, Math.max(...totals, 1e-9)];
  const frame = frameOf(width, HEIGHT, slots.length, domain);
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
      <Axes {...{ frame, domain, timeZone }} hoursUtcMs={slots.map((s) => s.utcMs)} />
      {drawn.map(({ name, load, from }, n) => (
        <g key={name} class="layer" fill={CATEGORIES[n]}>
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
        </g>
      ))}
      <line class="now-line" x1={x(now)} x2={x(now)} y1={0} y2={y(0)} />
    </svg>
  );
}
