import type { PlanViewBody } from '../core/planning/plan-view.ts';
import { count, figure, fixed, signed } from './format.ts';
import { Head } from './head.tsx';
import { demandChange, reasonFor } from './move-reason.ts';
import { Scroll } from './scroll.tsx';

/** Moves under this are not told, req/s. */
const SMALLEST = 0.01;
const MICRO = 1e6;

/** What moved since the plan before, beside what a request costs there now and then. */
export function MovesTable({ view }: { view: PlanViewBody }) {
  const { moves, fleet } = view;
  const rows = (moves?.sites ?? [])
    .map((move, j) => ({
      ...move,
      site: fleet.sites[j],
      by: move.afterReqPerS - move.beforeReqPerS,
    }))
    .filter((row) => Math.abs(row.by) >= SMALLEST)
    .sort((a, b) => Math.abs(b.by) - Math.abs(a.by));
  const demand = moves && demandChange(moves);
  return (
    <section aria-labelledby="moves-title">
      <h2 id="moves-title">What moved since the last plan, and why</h2>
      {!moves && <p class="quiet">There is no plan before this one with hours in common.</p>}
      {moves && rows.length === 0 && (
        <p>
          Nothing: no site’s mean load over the {count(moves.slots, 'hour')} in common differs from
          plan {moves.sinceVersion} by {SMALLEST} requests/s.
        </p>
      )}
      {moves && rows.length > 0 && (
        <>
          <p class="quiet">
            Means over the {count(moves.slots, 'hour')} that this plan and plan {moves.sinceVersion}{' '}
            have in common. What a request more costs there is its energy, carbon and water at the
            plan’s prices; where it fell, load follows, and where it rose, load leaves. A site whose
            cost stood still gives or takes what the others moved.
            {moves.pricesBefore &&
              ` The plan before was made at other prices: carbon ${figure(moves.pricesBefore.carbonAudPerT)} AUD/t, water ${figure(moves.pricesBefore.waterAudPerKl)} AUD/kL; costs then are at those.`}
            {demand &&
              ` In all, ${fixed(demand.after, 2)} requests/s are expected now, where it was ${fixed(demand.before, 2)}: sites move with that, too.`}
          </p>
          <Scroll labelledBy="moves-title">
            <table>
              <Head
                first={['Site']}
                numbers={[
                  'Before, req/s',
                  'Now, req/s',
                  'Moved, req/s',
                  'A request cost there, µAUD',
                  'It costs now, µAUD',
                ]}
                last={['Why']}
              />
              <tbody>
                {rows.map((row) => (
                  <tr key={row.site?.id}>
                    <th scope="row">{row.site?.name}</th>
                    <td class="number">{fixed(row.beforeReqPerS, 2)}</td>
                    <td class="number">{fixed(row.afterReqPerS, 2)}</td>
                    <td class="number">{signed(row.by, 2)}</td>
                    <td class="number">{micro(row.beforeAudPerRequest)}</td>
                    <td class="number">{micro(row.afterAudPerRequest)}</td>
                    <td class="words">{reasonFor(row.site?.id ?? '', row, moves)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        </>
      )}
    </section>
  );
}

function micro(aud: number | null): string {
  return aud === null ? 'not told' : fixed(aud * MICRO, 1);
}
