import type { PlanViewBody } from '../core/planning/plan-view.ts';
import type { SlotView } from '../core/planning/view.ts';
import { clock } from './format.ts';
import { Legend } from './legend.tsx';
import { type Measure, type MeasureId, measures } from './measures.ts';
import { cividis, extent, inkOn, linear } from './scale.ts';
import { Scroll } from './scroll.tsx';

/** A measure by site and hour: a table, coloured. */
export function HeatMap({
  view,
  slots,
  measureId,
  now,
  timeZone,
  labelledBy,
}: {
  view: PlanViewBody;
  slots: SlotView[];
  measureId: MeasureId;
  /** The slot of the present hour. */
  now: number;
  timeZone: string;
  labelledBy: string;
}) {
  const measure: Measure = measures[measureId];
  const values = slots.flatMap((slot) => slot.sites.map((s) => measure.of(s)));
  const [low, high] = extent(values);
  const shade = linear([low, high], [0, 1]);
  return (
    <>
      <Scroll labelledBy={labelledBy}>
        <table class="heat">
          <thead>
            <tr>
              <th scope="col">Site</th>
              {slots.map((slot, t) => (
                <th scope="col" key={slot.utcMs} aria-current={t === now ? 'time' : undefined}>
                  {clock(slot.utcMs, timeZone).slice(0, 2)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {view.fleet.sites.map((site, j) => (
              <tr key={site.id}>
                <th scope="row">{site.name}</th>
                {slots.map((slot) => {
                  const value = measure.of(slot.sites[j] as SlotView['sites'][number]);
                  if (!Number.isFinite(value)) return <td key={slot.utcMs}>–</td>;
                  const share = shade(value);
                  return (
                    <td
                      key={slot.utcMs}
                      style={{ background: cividis(share), color: inkOn(share) }}
                      title={`${site.name}, ${clock(slot.utcMs, site.timeZone)} there`}
                    >
                      {measure.text(value).replace(/[°\u00a0%]/g, '')}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <Legend measure={measure} low={low} high={high}>
        Each column is the hour that begins then in {timeZone}, the present one underlined.{' '}
        {measure.about}
      </Legend>
    </>
  );
}
