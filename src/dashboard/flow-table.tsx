import type { PlanViewBody } from '../core/planning/plan-view.ts';
import type { SlotView } from '../core/planning/view.ts';
import { fixed } from './format.ts';
import { Head } from './head.tsx';
import { Scroll } from './scroll.tsx';

/** The map's arrows in figures, for whoever cannot see or point at them. */
export function FlowTable({ view, slot }: { view: PlanViewBody; slot: SlotView }) {
  const { zones, sites } = view.fleet;
  return (
    <details>
      <summary>Flows as a table</summary>
      <Scroll labelledBy="map-title">
        <table class="what-if">
          <Head first={['From', 'To']} numbers={['Requests/s', 'Of all, %']} />
          <tbody>
            {slot.flows.map(([i, j, reqPerS]) => (
              <tr key={`${i}/${j}`}>
                <th scope="row">{zones[i]?.name}</th>
                <td>{sites[j]?.name}</td>
                <td class="number">{fixed(reqPerS, 2)}</td>
                <td class="number">{fixed((100 * reqPerS) / slot.plan.reqPerS, 1)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </details>
  );
}
