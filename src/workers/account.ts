import { type ApiKey, mayAskFor } from '../core/accounting/keys.ts';
import type { SiteError } from '../core/accounting/site-error.ts';
import type { PublicSite, RequestClass, Zone } from '../core/model/fleet.ts';
import { bearerToken, bearsOneOf } from './auth.ts';
import { type Env, now } from './env.ts';
import { keyRing } from './keys.ts';
import { namesOfModel } from './models.ts';
import { openAiError } from './openai-error.ts';

/** What the data plane does around a request. Forwarding knows nothing of keys, limits and receipts. */

/** Who asks. */
export interface Caller {
  keyId: string;
  /** Absent for a key of the secret CLIENT_KEYS_SHA256: it may have everything. */
  key?: ApiKey;
}

/** What is asked for. */
export interface Demand {
  endpoint: string;
  cls: RequestClass;
  classIndex: number;
  zone: Zone;
  streams: boolean;
  body: Readonly<Record<string, unknown>>;
}

/** Reads a site's answer, if it is a success, on its way to the client. */
export interface AnswerWatch {
  /** The whole of an answer that is short enough, before any of it passes on. */
  whole(site: PublicSite, bytes: Uint8Array): void;
  /**
   * An answer that passes on as it comes; `events` says whether it is a stream of those.
   * @param spoke is called at the first of a stream's text, if its client read what came before
   */
  passing(site: PublicSite, events: boolean, spoke: () => void): BodyFilter;
}

/** What of a body passes on: all but what the client did not ask for. */
export interface BodyFilter {
  push(chunk: Uint8Array): Uint8Array[];
  /** What is still held, and what is to follow. */
  end(complete: boolean): Uint8Array[];
  /** A piece waited so long for the client to read it. */
  held?(ms: number): void;
  /** An error that the site itself told the client of. */
  readonly siteError?: SiteError | undefined;
}

/** The id under which everything of the configured keys is booked. */
export const CONFIGURED_KEYS = 'configured';

/** Who asks, or the answer to somebody who may not. */
export async function authorize(
  request: Request,
  env: Env,
  ctx: ExecutionContext,
): Promise<Caller | Response> {
  const key = await keyRing.find(bearerToken(request), now(env), env.DB, ctx);
  if (typeof key === 'object') return { keyId: key.id, key };
  if (bearsOneOf(request, env.CLIENT_KEYS_SHA256)) return { keyId: CONFIGURED_KEYS };
  if (key === 'unavailable') {
    const message = 'API keys cannot be checked at the moment.';
    const headers = { 'retry-after': '2' };
    return openAiError(503, message, { code: 'keys_unavailable', headers });
  }
  return openAiError(401, 'Incorrect API key provided.', { code: 'invalid_api_key' });
}

/** Whether a caller may ask for a model at all. */
export function isAllowed({ key }: Caller, model: string, classId: string): boolean {
  return key === undefined || mayAskFor(key, namesOfModel(model), classId);
}
