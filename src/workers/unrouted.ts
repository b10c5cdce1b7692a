import { continueTrace } from '../core/routing/trace-context.ts';
import type { Env } from './env.ts';
import { journal } from './journal.ts';
import type { RequestOutcome } from './outcome.ts';
import { drain } from './read-body.ts';
import { recordOutcome } from './record.ts';
import { requestIdOf } from './request-id.ts';

interface Unrouted {
  request: Request;
  /** Of few values, since the URL is the client's. */
  endpoint: string;
  startedUtcMs: number;
  /** Absent where no key was good. */
  keyId?: string;
}

/**
 * An answer of the data plane that needed no route: a key that opens nothing, the list of models, an
 * unknown URL. It is labelled, logged and counted as those that did.
 */
export async function unrouted(
  { request, endpoint, startedUtcMs, keyId }: Unrouted,
  response: Response,
  env: Env,
  ctx: ExecutionContext,
): Promise<Response> {
  await drain(request);
  const uuid = crypto.randomUUID();
  const { headers } = request;
  const requestId = requestIdOf(request) ?? uuid;
  const trace = continueTrace(headers.get('traceparent'), headers.get('tracestate'), uuid);
  response.headers.set('x-request-id', requestId);
  const outcome: RequestOutcome = {
    requestId,
    traceId: trace.traceId,
    endpoint,
    status: response.status,
    outcome: response.ok ? 'ok' : 'rejected',
    code: response.headers.get('x-isotherm-error') ?? undefined,
    streamed: false,
    startedUtcMs,
    durationMs: Date.now() - startedUtcMs,
    answerBytes: 0,
    attempts: [],
  };
  recordOutcome(outcome, keyId, env);
  ctx.waitUntil(journal.writeSoon(env));
  return response;
}
