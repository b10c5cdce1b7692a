import { concat } from '../core/concat.ts';
import type { PublicSite } from '../core/model/fleet.ts';
import type { TraceContext } from '../core/routing/trace-context.ts';
import type { Env } from './env.ts';
import { contentKind, faultOf, isRefusal, upstreamKey, upstreamUrl } from './upstream.ts';

/** An answer up to this many bytes is read to its end before the client gets any of it. */
const MAX_WHOLE_BYTES = 1024 * 1024;

/** A site that did not answer before its deadline. */
export class Late extends Error {}

/** An attempt at one site, under way or over. */
export interface Run {
  site: PublicSite;
  /** Aborts all of it, later what is under way still. */
  controller: AbortController;
  begunMs: number;
  limitMs: number;
  /** It was begun because another took long. */
  isHedge: boolean;
}

export type Finished = { run: Run } & ({ reply: Reply } | { error: Error });

/** What every site is asked, but for the model's name there. */
export interface Question {
  env: Env;
  path: string;
  accept: string;
  streams: boolean;
  requestId: string;
  trace: TraceContext;
}

/** A site's answer as far as it was read. */
export interface Reply {
  upstream: Response;
  /** Why another site is to be asked; its body is gone then. */
  fault?: string;
  /** The body, if it was short enough to be read whole. */
  whole?: Uint8Array;
  /** Else its first bytes, and what gives the rest. */
  rest?: { first: Uint8Array; reader: ReadableStreamDefaultReader<Uint8Array> };
  ms: number;
}

/**
 * One site's answer, within the run's limit: of a stream its first byte, since servers send the headers
 * of a stream at once; of anything else the whole, up to a size. Its error is {@link Late} beyond, else
 * what `fetch` throws. Never rejects.
 */
export function attempt(question: Question, run: Run, body: string): Promise<Finished> {
  const { site, controller, limitMs, begunMs } = run;
  return new Promise((resolve) => {
    const fail = (error: Error) => {
      clearTimeout(timer);
      resolve({ run, error });
      controller.abort(error);
    };
    const timer = setTimeout(() => {
      fail(new Late(`Site ${site.id} did not answer within ${limitMs} ms.`));
    }, limitMs);
    ask(question, site, body, controller.signal).then((answer) => {
      clearTimeout(timer);
      resolve({ run, reply: { ...answer, ms: Date.now() - begunMs } });
    }, fail);
  });
}

async function ask(
  question: Question,
  site: PublicSite,
  body: string,
  signal: AbortSignal,
): Promise<Omit<Reply, 'ms'>> {
  const upstream = await fetch(upstreamUrl(question.env, site, question.path), {
    method: 'POST',
    headers: headersFor(question, site),
    body,
    redirect: 'manual',
    signal,
  });
  const fault = faultOf(upstream);
  if (fault !== undefined) {
    await upstream.body?.cancel();
    return { upstream, fault };
  }
  if (contentKind(upstream) === 'other') {
    // Of an error page the status is all that a client can use.
    await upstream.body?.cancel();
    return { upstream, whole: new Uint8Array() };
  }
  if (upstream.ok && question.streams && contentKind(upstream) !== 'json') {
    const rest = await begin(upstream);
    if (rest === undefined) throw new Error('ended before its first byte');
    return { upstream, rest };
  }
  const { whole, rest } = await readWhole(upstream);
  if (rest && isRefusal(upstream.status)) {
    await rest.reader.cancel();
    return { upstream, whole: new Uint8Array() };
  }
  return { upstream, whole, rest };
}

/** The whole body if it is short enough, said or not; else what was read of it, and the rest. */
async function readWhole(upstream: Response): Promise<Pick<Reply, 'whole' | 'rest'>> {
  const said = Number(upstream.headers.get('content-length') ?? Number.NaN);
  // HTTP holds a body to its length, unless that is of its compressed form; at once it is read faster.
  if (said <= MAX_WHOLE_BYTES && !upstream.headers.has('content-encoding')) {
    return { whole: new Uint8Array(await upstream.arrayBuffer()) };
  }
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = upstream.body?.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (let chunk = (await reader?.read())?.value; chunk; chunk = (await reader?.read())?.value) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (reader && (size > MAX_WHOLE_BYTES || said > MAX_WHOLE_BYTES)) {
      return { rest: { first: concat(chunks, size), reader } };
    }
  }
  return { whole: concat(chunks, size) };
}

async function begin(upstream: Response): Promise<Reply['rest'] | undefined> {
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = upstream.body?.getReader();
  const first = (await reader?.read())?.value;
  return reader && first && { reader, first };
}

/** Of the client's headers a site gets what it needs, never a credential. */
function headersFor(question: Question, site: PublicSite): Record<string, string> {
  const { env, accept, requestId, trace } = question;
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept,
    'x-request-id': requestId,
    traceparent: trace.traceparent,
  };
  if (trace.tracestate !== undefined) headers.tracestate = trace.tracestate;
  const key = upstreamKey(env, site.id);
  if (key) headers.authorization = `Bearer ${key}`;
  return headers;
}
