import type { PlanBrief } from '../core/planning/brief.ts';
import { namesOf } from './assess.ts';
import { count, fixed, list, percent } from './format.ts';
import { Head } from './head.tsx';
import { useAsked, useWidth } from './hooks.ts';
import type { Ask } from './live.ts';
import { GapChart } from './log-chart.tsx';
import { Scroll } from './scroll.tsx';
import type { Status } from './types.ts';
import { When } from './when.tsx';

const HEIGHT = 200;
/** Rows shown at first. */
const FEW = 12;

/** The plans before this one: their proofs, rounds and times. */
export function History({ ask, status }: { ask: Ask; status: Status }) {
  const { data, fault } = useAsked<{ plans: PlanBrief[] }>(
    ask,
    '/history.json',
    status.plan?.version,
  );
  const [ref, width] = useWidth();
  const plans = data?.plans ?? [];
  const oldestFirst = plans.toReversed();
  const name = namesOf(status);
  return (
    <section aria-labelledby="history-title">
      <h2 id="history-title">Plans so far</h2>
      {fault && <p class="alert">They cannot be read: {fault}.</p>}
      <div ref={ref} class="chart">
        {plans.length > 1 && width > 0 && (
          <>
            <h3>Certified gap by plan, % of its cost; dashed: the target of the latest</h3>
            <GapChart
              points={oldestFirst.map((p) => ({
                label: `${p.version}`,
                gap: p.gap,
                title: `Plan ${p.version}: ${percent(p.gap)} in ${count(p.rounds, 'round')}`,
              }))}
              target={status.latestRun?.gapTarget}
              width={width}
              height={HEIGHT}
              about={`Gaps of the last ${count(plans.length, 'plan')}; the table has them.`}
              isJoined={false}
            />
          </>
        )}
      </div>
      {plans.length > 0 && <Rows plans={plans.slice(0, FEW)} name={name} />}
      {plans.length > FEW && (
        <details>
          <summary>{count(plans.length - FEW, 'earlier plan')}</summary>
          <Rows plans={plans.slice(FEW)} name={name} />
        </details>
      )}
    </section>
  );
}

function Rows({ plans, name }: { plans: PlanBrief[]; name: (id: string) => string }) {
  return (
    <Scroll labelledBy="history-title">
      <table>
        <Head
          first={['Plan', 'Made']}
          numbers={['Cost, AUD', 'Gap', 'Rounds', 'Time, ms', 'At the nearest site']}
          last={['Without']}
        />
        <tbody>
          {plans.map((p) => (
            <tr key={p.version}>
              <th scope="row">{p.version}</th>
              <td class="when">
                <When utcMs={p.createdUtcMs} />
              </td>
              <td class="number">{fixed(p.objectiveAud, 2)}</td>
              <td class="number">{percent(p.gap)}</td>
              <td class="number">{p.rounds}</td>
              <td class="number">{fixed(p.wallMs, 0)}</td>
              <td class="number">{percent(p.nearestShare)}</td>
              <td>{p.excluded.length > 0 ? list(p.excluded.map(name)) : 'none'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
