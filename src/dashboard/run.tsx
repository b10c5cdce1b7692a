import { namesOf } from './assess.ts';
import { Convergence } from './convergence.tsx';
import { clipped, count, fixed, list, NBSP, percent } from './format.ts';
import { Head } from './head.tsx';
import { History } from './history.tsx';
import type { Ask, LiveState } from './live.ts';
import { Scroll } from './scroll.tsx';
import type { Round, Run } from './types.ts';
import { When } from './when.tsx';

const TRIGGERS: Record<string, string> = {
  cron: 'on schedule',
  admin: 'by an administrator',
  'site-down': 'as a site went down',
  drift: 'as demand left what was planned for',
  ttft: 'as a site took longer to the first token than planned',
  price: 'as a wholesale price jumped',
  'site-up': 'as a site came back',
  override: 'as an operator changed what is set',
};

/** How the plan came about: the latest optimization, round by round. */
export function RunView({ live: { status }, ask }: { live: LiveState; ask: Ask }) {
  if (!status) return null;
  const { latestRun: run, lastFailure } = status;
  if (!run) {
    return (
      <>
        <section>No optimization has been asked for.</section>
        <History ask={ask} status={status} />
      </>
    );
  }
  const name = namesOf(status);
  return (
    <>
      <section aria-labelledby="run-title">
        <h2 id="run-title">Latest optimization</h2>
        <p class="quiet">
          Asked for <When utcMs={run.requestedUtcMs} />, {TRIGGERS[run.trigger] ?? run.trigger};{' '}
          {outcomeOf(run, status.clockRate)}.
        </p>
        <Convergence run={run} />
        <p class="quiet">
          {count(run.rounds.length, 'round')}, from the coordinator’s record. Full line: objective,
          the cost of the best plan; dashed: bound. The optimum lies between bound and objective,
          and the gap is their difference relative to the objective. Rounds end at a gap of{' '}
          {percent(run.gapTarget)}. In a learned round sites’ cost curves are drawn through all they
          have answered, in a supply round they bid whole curves, a classic one is textbook ADMM.
        </p>
        <Scroll labelledBy="run-title">
          <table>
            <Head
              first={['Round', 'Mode']}
              numbers={['Objective, AUD', 'Bound, AUD', 'Gap', 'Time, ms']}
              last={['Slowest site', 'Missing sites']}
            />
            <tbody>
              {run.rounds.map((round) => (
                <RoundRow key={round.round} round={round} name={name} />
              ))}
            </tbody>
          </table>
        </Scroll>
        {lastFailure && lastFailure.runId !== run.runId && (
          <p class="quiet">
            An optimization failed <When utcMs={lastFailure.endedUtcMs ?? 0} />:{' '}
            {lastFailure.error ?? 'no reason given'}
          </p>
        )}
      </section>
      <History ask={ask} status={status} />
    </>
  );
}

function outcomeOf(run: Run, clockRate: number): string {
  if (run.status === 'running') return 'under way';
  if (run.status === 'failed') return `failed: ${run.error ?? 'no reason given'}`;
  const tookMs = ((run.endedUtcMs as number) - run.requestedUtcMs) / clockRate;
  return `plan ${run.planVersion} after ${fixed(tookMs, 0)} ms`;
}

function RoundRow({ round, name }: { round: Round; name: (id: string) => string }) {
  const { certificate, missing, excluded } = round;
  const absent = missing.map(({ site, reason }) => `${name(site)} (${clipped(reason, 120)})`);
  const dropped = excluded.length > 0 ? `; from here on without ${list(excluded.map(name))}` : '';
  return (
    <tr>
      <th scope="row">{round.round}</th>
      <td>{round.mode}</td>
      <td class="number">{fixed(certificate?.objectiveAud, 2)}</td>
      <td class="number">{fixed(certificate?.lowerBoundAud, 2)}</td>
      <td class="number">{percent(certificate?.gap)}</td>
      <td class="number">{fixed(round.wallMs, 0)}</td>
      <td>{`${name(round.slowestSite)}, ${fixed(round.slowestMs, 0)}${NBSP}ms`}</td>
      <td>{absent.length > 0 ? `${list(absent)}${dropped}` : 'none'}</td>
    </tr>
  );
}
