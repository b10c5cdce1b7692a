import type { SiteError } from '../core/accounting/site-error.ts';
import { MAX_LINE_BYTES, type StreamEnd } from '../core/routing/stream-end.ts';
import type { BodyFilter } from './account.ts';
import { errorBody } from './openai-error.ts';

/** How a body that was passed on came to its end. */
export interface RelayEnd {
  kind: 'ok' | 'broken' | 'timeout' | 'client_closed';
  code?: string;
  bytes: number;
  /** Set where the site broke it off by telling the client of an error. */
  siteError?: SiteError;
}

export interface RelayOptions {
  /** Names the site in what the client is told. */
  site: string;
  /** What a stream of events ends with; absent for any other body. */
  end: StreamEnd | undefined;
  /** Decides what of the body passes on; absent: all. */
  filter: BodyFilter | undefined;
  /** How long the site may be silent, or the client not read, and when all has to be over. */
  idleMs: number;
  deadlineAtMs: number;
  /** Ends the request to the site. */
  abort(reason: Error): void;
}

/** A body under way to the client. */
export interface Relay {
  body: ReadableStream;
  done: Promise<RelayEnd>;
  /** The client has left: the site is told at once. */
  clientGone(): void;
}

interface Failure {
  kind: 'broken' | 'timeout';
  code: string;
  message: string;
}

/**
 * Passes a body on chunk by chunk, as it comes and as fast as the client reads: one chunk is held at a
 * time, however long the stream. What was begun is never begun again; if the site fails, the client
 * gets an error as the last event, and no `[DONE]`. A body that is not a stream of events breaks off.
 */
export function relay(
  first: Uint8Array,
  reader: ReadableStreamDefaultReader<Uint8Array>,
  options: RelayOptions,
): Relay {
  const { site, end, filter, idleMs, deadlineAtMs } = options;
  const { readable, writable } = new IdentityTransformStream();
  const writer: WritableStreamDefaultWriter<Uint8Array> = writable.getWriter();
  let bytes = 0;
  let waitingSinceMs: number | undefined;
  /** Since when a piece waits for the client to read it. */
  let heldSinceMs: number | undefined;
  let failure: Failure | undefined;
  let gone = false;
  /** The client did not get all of what the site sent, since its time was over. */
  let isCut = false;
  let timer: number | null = null;

  let leave: (end: RelayEnd) => void = () => {};
  const left = new Promise<RelayEnd>((resolve) => {
    leave = resolve;
  });
  const giveUp = (reason: Error) => {
    options.abort(reason);
    reader.cancel(reason).catch(() => {});
  };
  const fail = (found: Failure) => {
    failure ??= found;
    const reason = new Error(found.message);
    // A client that does not read cannot be told.
    if (waitingSinceMs === undefined) writer.abort(reason).catch(() => {});
    giveUp(reason);
  };
  /** The client has left, or is treated so: whatever hangs on its connection is not waited for. */
  const leaveNow = (reason: Error, code?: string) => {
    gone = true;
    clearTimeout(timer);
    giveUp(reason);
    writer.abort(reason).catch(() => {});
    leave({ kind: 'client_closed', code, bytes });
  };
  const checkTime = () => {
    const nowMs = Date.now();
    const silentMs = nowMs - (waitingSinceMs ?? heldSinceMs ?? nowMs);
    if (nowMs >= deadlineAtMs) {
      const message = `Site ${site} did not end its answer before the deadline.`;
      fail({ kind: 'timeout', code: 'deadline_exceeded', message });
    } else if (silentMs >= idleMs && heldSinceMs !== undefined) {
      leaveNow(new Error(`the client has read nothing for ${idleMs} ms`), 'client_idle');
    } else if (silentMs >= idleMs) {
      const message = `Site ${site} sent nothing for ${idleMs} ms.`;
      fail({ kind: 'timeout', code: 'upstream_idle', message });
    } else {
      timer = setTimeout(checkTime, Math.min(deadlineAtMs - nowMs, idleMs - silentMs));
    }
  };

  /** Until the site's last byte. Throws what the site's connection throws. */
  const passAll = async () => {
    for (let chunk: Uint8Array | undefined = first; chunk !== undefined; ) {
      bytes += chunk.byteLength;
      if (end?.see(chunk) === false) {
        const message = `Site ${site} sent a line of over ${MAX_LINE_BYTES} bytes.`;
        failure = { kind: 'broken', code: 'upstream_line_too_long', message };
        return giveUp(new Error(message));
      }
      try {
        for (const piece of filter?.push(chunk) ?? [chunk]) {
          heldSinceMs = Date.now();
          await writer.write(piece);
          filter?.held?.(Date.now() - heldSinceMs);
        }
        heldSinceMs = undefined;
      } catch {
        gone = failure === undefined;
        isCut = !gone;
        return giveUp(new Error('the client has left'));
      }
      waitingSinceMs = Date.now();
      chunk = (await reader.read()).value;
      waitingSinceMs = undefined;
    }
  };

  /** Writes what ends the body. False if the client has stopped reading: it is not waited for. */
  const finish = async (pieces: readonly Uint8Array[]): Promise<boolean> => {
    let patience: number | null = null;
    const timeUp = new Promise<boolean>((resolve) => {
      patience = setTimeout(() => resolve(false), idleMs);
    });
    const sinceMs = Date.now();
    const write = async () => {
      for (const piece of pieces) await writer.write(piece);
      await writer.close();
      return true;
    };
    const taken = await Promise.race([write().catch(() => true), timeUp]);
    clearTimeout(patience);
    filter?.held?.(Date.now() - sinceMs);
    if (!taken) writer.abort(new Error('the client does not read')).catch(() => {});
    return taken;
  };

  const run = async (): Promise<RelayEnd> => {
    checkTime();
    try {
      await passAll();
    } catch (error) {
      const message = `The connection to site ${site} broke: ${(error as Error).message}`;
      failure ??= { kind: 'broken', code: 'upstream_broken', message };
    }
    clearTimeout(timer);
    if (gone) return { kind: 'client_closed', bytes };
    const complete = !isCut && (end === undefined ? failure === undefined : end.complete);
    const held = filter?.end(complete) ?? [];
    if (failure === undefined && filter?.siteError) {
      // The site's own word to the client is the truest there is, with or without an end after it.
      await finish(held);
      return { kind: 'broken', code: 'upstream_error_event', bytes, siteError: filter.siteError };
    }
    if (complete) return { kind: (await finish(held)) ? 'ok' : 'client_closed', bytes };
    const message = `Site ${site} ended its stream without completing it.`;
    const found = failure ?? { kind: 'broken', code: 'upstream_incomplete', message };
    if (end === undefined || isCut) {
      writer.abort(new Error(found.message)).catch(() => {});
    } else {
      await finish([...held, errorEvent(end, found)]);
    }
    return { kind: found.kind, code: found.code, bytes };
  };

  return {
    body: readable,
    done: Promise.race([run(), left]),
    clientGone: () => leaveNow(new Error('the client has left')),
  };
}

/** The last event of a stream that broke, in the shape in which OpenAI's SDKs expect one. */
function errorEvent(end: StreamEnd, failure: Failure): Uint8Array {
  const status = failure.kind === 'timeout' ? 504 : 502;
  const body = errorBody(status, failure.message, { code: failure.code });
  const text =
    end.ending === 'done-marker'
      ? `data: ${JSON.stringify(body)}\n\n`
      : `event: error\ndata: ${JSON.stringify({ ...body.error, ...body, type: 'error' })}\n\n`;
  // What the site left unfinished must not swallow it.
  return new TextEncoder().encode(end.betweenEvents ? text : `\n\n${text}`);
}
