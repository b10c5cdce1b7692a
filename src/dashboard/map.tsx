import ground from 'map:fleet';
import type { Place, PlanViewBody } from '../core/planning/plan-view.ts';
import type { SlotView } from '../core/planning/view.ts';
import { fixed } from './format.ts';
import { Ground } from './ground.tsx';
import { useWidth } from './hooks.ts';
import { placeLabels } from './labels.ts';
import { Legend } from './legend.tsx';
import { type Measure, type MeasureId, measures } from './measures.ts';
import { type Projection, projection } from './projection.ts';
import { cividis, extent, linear, type Scale } from './scale.ts';
import type { SiteTrouble } from './types.ts';

const MAX_HEIGHT = 620;
const LINE_HEIGHT = 15;
/** Of a character at the labels' size, px; measured generously. */
const CHARACTER_WIDTH = 7.8;
/** A zone farther from all sites than this has a mark of its own, degrees. */
const APART_DEG = 0.3;
/** Flows under this share of all requests may be chance within the plan's gap: the table alone has them. */
const SMALLEST_FLOW = 0.005;

interface MapProps {
  view: PlanViewBody;
  slot: SlotView;
  measureId: MeasureId;
  troubles: readonly SiteTrouble[];
}

/** Where requests come from and go, and how the sites are. The table under it says the same. */
export function FleetMap({ view, slot, measureId, troubles }: MapProps) {
  const [ref, width] = useWidth();
  const measure: Measure = measures[measureId];
  const [low, high] = extent(slot.sites.map((s) => measure.of(s)));
  const shade = linear([low, high], [0, 1]);
  const apart = zonesApart(view.fleet);
  return (
    <div ref={ref} class="map">
      {width > 0 && <Drawing {...{ view, slot, measure, shade, width, troubles, apart }} />}
      <Legend measure={measure} low={low} high={high}>
        Area of a site: its load. Arrows: requests that leave their city, from 0.5 % of all on.
        {apart.length > 0 && ' Crosses: where requests come from without a site.'}
        {troubles.length > 0 && ' Dashed ring: a site in trouble.'}
      </Legend>
    </div>
  );
}

interface DrawingProps {
  view: PlanViewBody;
  slot: SlotView;
  measure: Measure;
  shade: Scale;
  width: number;
  troubles: readonly SiteTrouble[];
  apart: readonly Place[];
}

/** Zones that are not where a site is. */
function zonesApart({ zones, sites }: PlanViewBody['fleet']): Place[] {
  const apart = (a: Place, b: Place) =>
    Math.hypot(a.latDeg - b.latDeg, a.lonDeg - b.lonDeg) > APART_DEG;
  return zones.filter((zone) => sites.every((site) => apart(zone, site)));
}

function Drawing({ view, slot, measure, shade, width, troubles, apart }: DrawingProps) {
  const { sites } = view.fleet;
  const map = projection(ground.box, width, MAX_HEIGHT);
  const loads = slot.sites.map((s, j) => s.utilisation * (sites[j]?.servers ?? 0));
  const largest = Math.max(...loads, 1e-9);
  const radiusMax = Math.min(30, Math.max(14, width / 28));
  const marks = sites.map((site, j) => ({
    site,
    slot: slot.sites[j] as SlotView['sites'][number],
    ...map.at(site),
    radius: Math.max(4, radiusMax * Math.sqrt((loads[j] as number) / largest)),
  }));
  const inOrder = marks.toSorted((a, b) => b.radius - a.radius);
  const textOf = (m: (typeof marks)[number]) =>
    `${m.site.name} ${measure.text(measure.of(m.slot))}`;
  const zones = apart.map((zone) => ({ zone, ...map.at(zone), radius: 4 }));
  const countries = ground.names.map(({ name, ...place }) => ({
    name,
    ...map.at(place),
    radius: 0,
  }));
  // Sites' labels come before zones', and countries' last: there they are where there is room.
  const texts = [
    ...inOrder.map(textOf),
    ...zones.map(({ zone }) => zone.name),
    ...countries.map(({ name }) => name),
  ];
  const classOf = (n: number) => {
    if (n < inOrder.length) return 'label';
    return n < inOrder.length + zones.length ? 'label zone-label' : 'label country-label';
  };
  const labels = placeLabels(
    [...inOrder, ...zones, ...countries].map((m, n) => ({
      ...m,
      width: CHARACTER_WIDTH * (texts[n] as string).length,
    })),
    LINE_HEIGHT,
    { top: 0, ...map.frame },
  );
  return (
    <svg
      width={map.width}
      height={map.height}
      viewBox={`0 0 ${map.width} ${map.height}`}
      role="img"
      aria-label={`Map of ${sites.length} sites by ${measure.label.toLowerCase()}, with the flows of requests to them. The tables of sites and of flows have the same figures.`}
    >
      <Ground map={map} />
      <Flows {...{ view, slot, map }} radii={marks.map((m) => m.radius)} />
      {zones.map(({ zone, x, y }) => (
        <path key={zone.id} class="zone" d={`M${x - 4} ${y}h8M${x} ${y - 4}v8`}>
          <title>{zone.name}</title>
        </path>
      ))}
      {inOrder.map(({ site, x, y, radius, slot: s }) => (
        <circle
          key={site.id}
          class="site"
          cx={x}
          cy={y}
          r={radius}
          fill={cividis(shade(measure.of(s)))}
        >
          <title>{`${site.name}: ${fixed(s.reqPerS, 2)} requests/s, ${measure.text(measure.of(s))} ${measure.label.toLowerCase()}`}</title>
        </circle>
      ))}
      {marks
        .filter(({ site }) => troubles.some((t) => t.site === site.id))
        .map(({ site, x, y, radius }) => (
          <circle key={site.id} class="trouble" cx={x} cy={y} r={radius + 4} />
        ))}
      {labels.map(
        (at, n) =>
          at && (
            <text key={texts[n]} class={classOf(n)} x={at.x} y={at.y}>
              {texts[n]}
            </text>
          ),
      )}
    </svg>
  );
}

function Flows({
  view,
  slot,
  map,
  radii,
}: {
  view: PlanViewBody;
  slot: SlotView;
  map: Projection;
  radii: number[];
}) {
  const { zones, sites } = view.fleet;
  const total = Math.max(slot.plan.reqPerS, 1e-9);
  const drawn = slot.flows.flatMap(([i, j, reqPerS]) => {
    const zone = zones[i];
    const site = sites[j];
    if (!zone || !site || reqPerS / total < SMALLEST_FLOW) return [];
    const from = map.at(zone);
    const to = map.at(site);
    const length = Math.hypot(to.x - from.x, to.y - from.y);
    const radius = radii[j] as number;
    if (length < radius + 6) return [];
    return [{ key: `${i}/${j}`, zone, site, reqPerS, from, to, length, radius }];
  });
  const widthOf = (reqPerS: number) => 1 + 7 * Math.sqrt(reqPerS / total);
  return (
    <g class="flows">
      {drawn.map(({ key, zone, site, reqPerS, from, to, length, radius }) => {
        const bend = 0.16;
        const middle = {
          x: (from.x + to.x) / 2 - bend * (to.y - from.y),
          y: (from.y + to.y) / 2 + bend * (to.x - from.x),
        };
        // The end lies on the site's rim, in the direction the curve comes from.
        const last = Math.hypot(to.x - middle.x, to.y - middle.y);
        const unit = { x: (to.x - middle.x) / last, y: (to.y - middle.y) / last };
        const width = widthOf(reqPerS);
        const tip = { x: to.x - unit.x * (radius + 1), y: to.y - unit.y * (radius + 1) };
        const head = Math.min(5 + width, length / 3);
        const base = { x: tip.x - unit.x * head, y: tip.y - unit.y * head };
        const side = head / 2 + width / 4;
        const left = `${base.x - unit.y * side} ${base.y + unit.x * side}`;
        const right = `${base.x + unit.y * side} ${base.y - unit.x * side}`;
        return (
          <g key={key}>
            <title>{`${zone.name} to ${site.name}: ${fixed(reqPerS, 2)} requests/s`}</title>
            <path
              class="flow"
              d={`M${from.x} ${from.y}Q${middle.x} ${middle.y} ${base.x} ${base.y}`}
              stroke-width={width}
            />
            <path class="arrow" d={`M${tip.x} ${tip.y}L${left}L${right}Z`} />
          </g>
        );
      })}
    </g>
  );
}
