import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet } from '../core/model/fleet.ts';
import type { AdminClient, RunView } from '../local/admin-client.ts';
import { decimal, gapPercent } from './format.ts';
import { sampleRequest } from './start-report.ts';

const FIRST_PLAN_MS = 60_000;

/** Runs the first optimization and shows its rounds as they come. */
export async function firstPlan(admin: AdminClient, say: (text: string) => void): Promise<void> {
  say('Optimizing: the coordinator asks every site’s solver, round by round …');
  await admin.optimize();
  const deadlineMs = Date.now() + FIRST_PLAN_MS;
  let shown = 0;
  while (Date.now() < deadlineMs) {
    const run = await admin.latestRun();
    for (const round of run.rounds.slice(shown)) say(`  ${roundText(round)}`);
    shown = run.rounds.length;
    if (run.status === 'failed') throw new Error(`the first optimization failed: ${run.error}`);
    if (run.status === 'published') return;
    await sleep(50);
  }
  throw new Error(`no plan within ${FIRST_PLAN_MS / 1000} s`);
}

/** Asks once: what answers depends on the hour of the plan and on the words of the request. */
export async function siteOfSample(url: string, clientKey: string, fleet: Fleet): Promise<string> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${clientKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(sampleRequest(fleet)),
  });
  await response.body?.cancel();
  const site = response.headers.get('x-isotherm-site');
  if (site === null) throw new Error(`no site answers a request (status ${response.status})`);
  return site;
}

function roundText({
  round,
  mode,
  certificate,
  missing,
  wallMs,
}: RunView['rounds'][number]): string {
  const time = `${decimal(wallMs, 0)} ms`;
  if (!certificate) {
    return `round ${round} (${mode}, ${time}): no answer of ${missing.map((m) => `${m.site} (${m.reason})`).join(', ')}`;
  }
  const { gap, objectiveAud, lowerBoundAud } = certificate;
  return (
    `round ${round} (${mode}, ${time}): objective ${decimal(objectiveAud, 2)} AUD, ` +
    `bound ${decimal(lowerBoundAud, 2)} AUD, gap ${gapPercent(gap)}`
  );
}
