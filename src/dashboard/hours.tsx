import { useState } from 'preact/hooks';
import { fixed } from './format.ts';
import { Head } from './head.tsx';
import { HeatMap } from './heat.tsx';
import { layersOf } from './layers.ts';
import { PlanAndNearest } from './lines.tsx';
import type { LiveState } from './live.ts';
import { MeasureChoice } from './measure-choice.tsx';
import type { MeasureId } from './measures.ts';
import { MovesTable } from './moves.tsx';
import { NoPlan } from './no-plan.tsx';
import { Scroll } from './scroll.tsx';
import { StackedLoad } from './stacked.tsx';

const OWN_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The hours the plan is for. */
export function HoursView({ live: { status, view } }: { live: LiveState }) {
  const [measureId, setMeasure] = useState<MeasureId>('temperature');
  const [timeZone, setZone] = useState(OWN_ZONE);
  const plan = status?.plan;
  if (status && !plan) return <NoPlan />;
  if (!plan || !view?.slots) return null;
  const { slots } = view;
  const now = plan.slot;
  const zones = [...new Set([OWN_ZONE, 'UTC', ...view.fleet.sites.map((s) => s.timeZone)])];
  const layers = layersOf(view, slots);
  const hour = (utcMs: number) =>
    new Intl.DateTimeFormat('en-GB', {
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      timeZone,
    }).format(utcMs);
  const shared = { slots, now, timeZone };
  return (
    <>
      <section aria-labelledby="load-title">
        <div class="section-head">
          <h2 id="load-title">Load by site, busy servers</h2>
          <label>
            Times in{' '}
            <select value={timeZone} onChange={(e) => setZone(e.currentTarget.value)}>
              {zones.map((zone) => (
                <option key={zone} value={zone}>
                  {zone === OWN_ZONE ? `your zone (${zone})` : zone}
                </option>
              ))}
            </select>
          </label>
        </div>
        <StackedLoad view={view} {...shared} />
        <details>
          <summary>The same as a table</summary>
          <Scroll labelledBy="load-title">
            <table>
              <Head first={['Hour']} numbers={layers.map(({ name }) => name)} />
              <tbody>
                {slots.map((slot, t) => (
                  <tr key={slot.utcMs}>
                    <th scope="row">{hour(slot.utcMs)}</th>
                    {layers.map(({ name, load }) => (
                      <td class="number" key={name}>
                        {fixed(load[t], 1)}
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        </details>
        <p class="source">
          Plan {plan.version}, at the expected demand
          {plan.demand && ` (${plan.demand.source})`}. The upright line is the present hour.
        </p>
      </section>
      <section aria-labelledby="heat-title">
        <div class="section-head">
          <h2 id="heat-title">Sites by hour</h2>
          <MeasureChoice chosen={measureId} onChoose={setMeasure} />
        </div>
        <HeatMap {...{ view, slots, measureId, now, timeZone }} labelledBy="heat-title" />
      </section>
      <section aria-labelledby="lines-title">
        <h2 id="lines-title">Price and carbon of the energy that requests take</h2>
        <div class="pair">
          <PlanAndNearest
            label="Price"
            unit="AUD/kWh"
            of={(f) => (f.costAudPerH ?? Number.NaN) / f.energyKwhPerH}
            {...shared}
          />
          <PlanAndNearest
            label="Carbon"
            unit="kg CO₂e/kWh"
            of={(f) => f.carbonKgPerH / f.energyKwhPerH}
            {...shared}
          />
        </div>
        <p class="source">
          By the sites’ own word, else estimated from weather and grid. The sources of each site are
          under Now.
        </p>
      </section>
      <MovesTable view={view} />
    </>
  );
}
