import type { PublicFleet } from '../core/model/fleet.ts';
import { solverBindingName, solverOf } from '../core/model/solver-name.ts';
import { decodeBatch, encodeBatch } from '../core/optimizer/batch.ts';
import { MAX_PACKET_BYTES } from '../core/optimizer/packet.ts';
import type { SiteAnswer, SiteQuery } from '../core/optimizer/site-subproblem.ts';
import type { MissingAnswer } from '../core/optimizer/state.ts';
import type { PlanningInputs } from '../core/planning/inputs.ts';
import { decodeAnswer, encodeQuery, type PlantStateSource } from '../core/planning/round-wire.ts';
import { type Env, numberVar } from './env.ts';
import { readBody } from './read-body.ts';

/** A round's answers and what crossed the network for them, batches included, before any HTTP. */
export interface RoundReplies {
  /** In the order of the sites. */
  replies: RoundReply[];
  sentBytes: number;
  receivedBytes: number;
}

export interface RoundReply {
  answer: SiteAnswer | MissingAnswer | undefined;
  /** `cf-placement` of the answer: where the solver ran. */
  placement?: string;
  /** Of a site that is to report its plant's state. */
  plantState?: PlantStateSource;
  /** How long its solver took, ms. */
  ms: number;
}

/** What all queries of a round have in common. */
export interface Round {
  fleet: PublicFleet;
  inputs: PlanningInputs;
  runId: string;
  /** How long a solver may take, ms. */
  deadlineMs: number;
}

/** Cloudflare lets one request, here an alarm, invoke this many Workers; every solver asked is one. */
const MAX_INVOCATIONS = 32;

/** Rounds one alarm may run, by the variable and by that limit; one at least, whatever the fleet. */
export function roundsPerAlarm(value: string | undefined, solverCount: number): number {
  const wanted = numberVar(value, 2, 1, 50);
  return Math.max(1, Math.min(wanted, Math.floor(MAX_INVOCATIONS / solverCount)));
}

/**
 * Asks every site that has a query, at once, and waits until the deadline. A solver gets the queries
 * of all its sites in one request; a solver that fails is a fault of each of them.
 */
export async function askSites(
  env: Env,
  round: Round,
  queries: (SiteQuery | undefined)[],
): Promise<RoundReplies> {
  const replies: RoundReply[] = queries.map(() => ({ answer: undefined, ms: 0 }));
  const all: RoundReplies = { replies, sentBytes: 0, receivedBytes: 0 };
  const bySolver = Map.groupBy(
    queries.flatMap((query, j) => (query ? [{ query, j }] : [])),
    ({ j }) => solverOf(siteAt(round, j)),
  );
  await Promise.all(
    [...bySolver].map(async ([solver, asked]) => {
      const begunMs = Date.now();
      const packets = asked.map(({ query, j }) => queryPacket(round, query, j));
      const body = encodeBatch(packets);
      all.sentBytes += body.length;
      const { answers, placement, bytes } = await askSolver(env, round, solver, asked, body).catch(
        (error): SolverReply => ({
          answers: asked.map(() => ({ missing: reasonOf(error, round.deadlineMs) })),
          bytes: 0,
        }),
      );
      all.receivedBytes += bytes;
      asked.forEach(({ j }, n) => {
        const given = answers[n];
        const plantState = given && 'plantState' in given ? given.plantState : undefined;
        replies[j] = { answer: given, placement, plantState, ms: Date.now() - begunMs };
      });
    }),
  );
  return all;
}

function siteAt({ fleet }: Round, j: number): PublicFleet['sites'][number] {
  return fleet.sites[j] as PublicFleet['sites'][number];
}

function reasonOf(error: unknown, deadlineMs: number): string {
  const late = error instanceof DOMException && error.name === 'TimeoutError';
  return late ? `no answer within ${deadlineMs} ms` : (error as Error).message;
}

interface SolverReply {
  /** In the order asked. */
  answers: (ReturnType<typeof decodeAnswer> | MissingAnswer)[];
  placement?: string;
  bytes: number;
}

async function askSolver(
  env: Env,
  round: Round,
  solver: string,
  asked: { query: SiteQuery; j: number }[],
  body: Uint8Array<ArrayBuffer>,
): Promise<SolverReply> {
  const none = (missing: string): SolverReply['answers'] => asked.map(() => ({ missing }));
  const binding = env[solverBindingName(solver)];
  if (!binding) {
    return { answers: none(`no service binding ${solverBindingName(solver)}`), bytes: 0 };
  }
  const response = await binding.fetch('https://solver/v1/round', {
    method: 'POST',
    body,
    signal: AbortSignal.timeout(round.deadlineMs),
  });
  const placement = response.headers.get('cf-placement') ?? undefined;
  const read = await readBody(response, MAX_PACKET_BYTES);
  if (read === undefined) return { answers: none('answer too large'), placement, bytes: 0 };
  const bytes = read.length;
  if (!response.ok) {
    const text = new TextDecoder().decode(read.subarray(0, 200)).trim();
    return { answers: none(`status ${response.status}: ${text}`), placement, bytes };
  }
  const packets = decodeBatch(read, `answers of ${solver}`);
  if (packets.length !== asked.length) {
    const reason = `${packets.length} answers to ${asked.length} queries`;
    return { answers: none(reason), placement, bytes };
  }
  const answers = packets.map((packet, n) => {
    try {
      return decodeAnswer(packet, round.runId, siteAt(round, asked[n]?.j as number).id);
    } catch (error) {
      return { missing: (error as Error).message };
    }
  });
  return { answers, placement, bytes };
}

function queryPacket(round: Round, query: SiteQuery, j: number): Uint8Array {
  const { fleet, inputs, runId } = round;
  const { sources: _, ...surroundings } = inputs.sites[j] as PlanningInputs['sites'][number];
  const { startUtcMs, slotCount, slotHours } = inputs;
  const { id, speed } = siteAt(round, j);
  return encodeQuery({
    kind: 'query',
    runId,
    site: id,
    ...(speed && { speed: { prefill: speed.prefill, decode: speed.decode } }),
    startUtcMs,
    slotCount,
    slotHours,
    prices: fleet.prices,
    query,
    surroundings,
    ...(inputs.served?.[id] && { served: inputs.served[id] }),
  });
}
