import type { Reply } from './attempt.ts';
import { openAiError } from './openai-error.ts';
import type { Attempt, OutcomeKind } from './outcome.ts';
import { contentKind, passedOnHeaders } from './upstream.ts';

/** How it ended, once it has. */
export interface Ended {
  outcome: OutcomeKind;
  code?: string;
  answerBytes: number;
}

/** A response still to be labelled: headers given all at once cost less than those set one by one. */
export interface Draft {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array | ReadableStream | null;
}

/** What the client gets, and what is to be recorded of it. */
export interface Answer {
  response: Response | Draft;
  site?: string;
  /** Time to a stream's first byte. */
  ttftMs?: number;
  attempts: Attempt[];
  end: Ended | Promise<Ended>;
}

/** A whole answer of a site, as it is. */
export function wholeResponse({ upstream, whole }: Reply, site: string): Response | Draft {
  if (!readable(upstream)) return wrapped(upstream, site);
  return { status: upstream.status, headers: passedOnHeaders(upstream), body: bodyOf(whole) };
}

/** The response with these headers, too. */
export function labelled(response: Response | Draft, labels: Record<string, string>): Response {
  if (!(response instanceof Response)) {
    const { body, status, headers } = response;
    return new Response(body, { status, headers: Object.assign(headers, labels) });
  }
  for (const name in labels) response.headers.set(name, labels[name] as string);
  return response;
}

/** The last refusal is the truest answer there is: it says how long to wait. */
export function refused(reply: Reply, site: string, attempts: Attempt[]): Answer {
  const { upstream, whole } = reply;
  const answerBytes = whole?.byteLength ?? 0;
  return {
    response: answerBytes > 0 ? wholeResponse(reply, site) : wrapped(upstream, site),
    site,
    attempts,
    end: { outcome: 'unavailable', answerBytes },
  };
}

export function clientClosed(attempts: Attempt[]): Answer {
  return own(new Response(null, { status: 499 }), attempts, 'client_closed');
}

/** @param isClients whether it was the client's own deadline that passed */
export function late(
  site: string,
  message: string,
  isClients: boolean,
  attempts: Attempt[],
): Answer {
  const code = isClients ? 'deadline_exceeded' : 'completion_timeout';
  const headers = { 'x-should-retry': 'false' };
  const response = openAiError(504, message, { code, headers });
  return { ...own(response, attempts, 'timeout', code), site };
}

/** @param hadSites whether there was any to ask */
export function unavailable(attempts: Attempt[], hadSites: boolean): Answer {
  const tried = attempts.map((a) => a.site).join(', ');
  if (attempts.some((a) => a.status !== undefined)) {
    const message = `No site gave a usable answer (tried ${tried}).`;
    const response = openAiError(502, message, { code: 'site_fault' });
    return own(response, attempts, 'unavailable', 'site_fault');
  }
  const code = 'no_site_available';
  const message = hadSites
    ? `No site could be reached (tried ${tried}).`
    : 'No site may serve this zone and model.';
  return own(openAiError(503, message, { code }), attempts, 'unavailable', code);
}

function own(response: Response, attempts: Attempt[], outcome: OutcomeKind, code?: string): Answer {
  return { response, attempts, end: { outcome, code, answerBytes: 0 } };
}

/** Whether a client of the API can read a body: an error page of a proxy's is none. */
function readable(upstream: Response): boolean {
  return contentKind(upstream) !== 'other';
}

/** The status of an answer whose body no SDK could read. */
function wrapped(upstream: Response, site: string): Response {
  const message = `Site ${site} answered ${upstream.status} without an error object.`;
  const retryAfter = upstream.headers.get('retry-after');
  const headers = retryAfter === null ? undefined : { 'retry-after': retryAfter };
  return openAiError(upstream.status, message, { code: 'upstream_error', headers });
}

/** A status such as 204 may have no body, not even an empty one. */
function bodyOf(bytes: Uint8Array | undefined): Uint8Array | null {
  return bytes === undefined || bytes.byteLength === 0 ? null : bytes;
}
