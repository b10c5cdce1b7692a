import type { RequestClass, Zone } from '../core/model/fleet.ts';
import { bearsOneOf } from './auth.ts';
import type { Env } from './env.ts';
import { openAiError } from './openai-error.ts';
import type { RequestOutcome, TokenUsage } from './outcome.ts';

/**
 * What the data plane does around a request, in the order it is called: {@link authorize} before
 * anything is read, {@link admit} once it is known what is asked for, {@link watchAnswer} as the answer
 * passes, {@link settle} when all is over. Forwarding knows nothing of keys, limits and receipts.
 */

/** Who asks. */
export interface Caller {
  keyId: string;
}

/** What is asked for. */
export interface Demand {
  endpoint: string;
  cls: RequestClass;
  zone: Zone;
  streams: boolean;
  body: Readonly<Record<string, unknown>>;
}

/** Sees an answer's bytes as they pass; must neither keep nor change them. */
export interface AnswerWatch {
  see(chunk: Uint8Array): void;
  /** What the bytes said of tokens, if anything. */
  usage(): TokenUsage | undefined;
}

/** Who asks, or the answer to somebody who may not. */
export async function authorize(
  request: Request,
  env: Env,
  _ctx: ExecutionContext,
): Promise<Caller | Response> {
  if (await bearsOneOf(request, env.CLIENT_KEYS_SHA256)) return { keyId: 'configured' };
  const message = env.CLIENT_KEYS_SHA256
    ? 'Incorrect API key provided.'
    : 'No API key is accepted yet: set the secret CLIENT_KEYS_SHA256.';
  return openAiError(401, message, { code: 'invalid_api_key' });
}

/** The answer to a caller who may not have this; undefined if it may. Must not wait for I/O. */
export function admit(_caller: Caller, _demand: Demand, _env: Env): Response | undefined {
  return undefined;
}

/** Whoever wants to read a site's answer as it passes; only asked where the answer is a success. */
export function watchAnswer(_caller: Caller, _demand: Demand, _env: Env): AnswerWatch | undefined {
  return undefined;
}

/** Called once for every request that was authorized, after its last byte, within waitUntil. */
export async function settle(outcome: RequestOutcome, _caller: Caller, _env: Env): Promise<void> {
  console.log(JSON.stringify({ event: 'request', ...outcome }));
}
