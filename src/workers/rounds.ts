import type { PublicFleet } from '../core/model/fleet.ts';
import { solverBindingName } from '../core/model/solver-name.ts';
import { MAX_PACKET_BYTES } from '../core/optimizer/packet.ts';
import type { SiteAnswer, SiteQuery } from '../core/optimizer/site-subproblem.ts';
import type { MissingAnswer } from '../core/optimizer/state.ts';
import type { PlanningInputs } from '../core/planning/inputs.ts';
import { decodeAnswer, encodeQuery } from '../core/planning/round-wire.ts';
import { type Env, numberVar } from './env.ts';
import { readBody } from './read-body.ts';

export interface RoundReply {
  answer: SiteAnswer | MissingAnswer | undefined;
  /** `cf-placement` of the answer: where the solver ran. */
  placement?: string;
  /** How long the site took. */
  ms: number;
}

/** Cloudflare lets one request, here an alarm, invoke this many Workers; every site asked is one. */
const MAX_INVOCATIONS = 32;

/** Rounds one alarm may run, by the variable and by that limit; one at least, whatever the fleet. */
export function roundsPerAlarm(value: string | undefined, siteCount: number): number {
  const wanted = numberVar(value, 2, 1, 50);
  return Math.max(1, Math.min(wanted, Math.floor(MAX_INVOCATIONS / siteCount)));
}

/** Asks every site that has a query, at once, and waits for each until the deadline. */
export function askSites(
  env: Env,
  fleet: PublicFleet,
  inputs: PlanningInputs,
  runId: string,
  queries: (SiteQuery | undefined)[],
  deadlineMs: number,
): Promise<RoundReply[]> {
  return Promise.all(
    queries.map(async (query, j): Promise<RoundReply> => {
      if (!query) return { answer: undefined, ms: 0 };
      const begunMs = Date.now();
      try {
        const reply = await askSite(env, fleet, inputs, runId, query, j, deadlineMs);
        return { ...reply, ms: Date.now() - begunMs };
      } catch (error) {
        const late = error instanceof DOMException && error.name === 'TimeoutError';
        const reason = late
          ? `no answer within ${deadlineMs} ms`
          : String((error as Error).message);
        return { answer: { missing: reason }, ms: Date.now() - begunMs };
      }
    }),
  );
}

async function askSite(
  env: Env,
  fleet: PublicFleet,
  inputs: PlanningInputs,
  runId: string,
  query: SiteQuery,
  j: number,
  deadlineMs: number,
): Promise<Omit<RoundReply, 'ms'>> {
  const site = fleet.sites[j]?.id as string;
  const solver = env[solverBindingName(site)];
  if (!solver) return { answer: { missing: `no service binding ${solverBindingName(site)}` } };
  const { sources: _, ...surroundings } = inputs.sites[j] as PlanningInputs['sites'][number];
  const { startUtcMs, slotCount, slotHours } = inputs;
  const response = await solver.fetch('https://solver/v1/round', {
    method: 'POST',
    body: encodeQuery({
      kind: 'query',
      runId,
      site,
      startUtcMs,
      slotCount,
      slotHours,
      prices: fleet.prices,
      query,
      surroundings,
    }),
    signal: AbortSignal.timeout(deadlineMs),
  });
  const placement = response.headers.get('cf-placement') ?? undefined;
  const bytes = await readBody(response, MAX_PACKET_BYTES);
  if (bytes === undefined) return { answer: { missing: 'answer too large' }, placement };
  if (!response.ok) {
    const text = new TextDecoder().decode(bytes.subarray(0, 200)).trim();
    return { answer: { missing: `status ${response.status}: ${text}` }, placement };
  }
  return { answer: decodeAnswer(bytes, runId, site), placement };
}
