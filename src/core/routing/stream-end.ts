/** How a stream of server-sent events of one endpoint says that it is complete. */
export type Ending = 'done-marker' | 'response-event';

/** Enough for `data: [DONE]` with its line ends, and for the longest event name below. */
const TAIL_BYTES = 64;
/** A server-sent event's line longer than this is no answer, and too much for any client to hold. */
export const MAX_LINE_BYTES = 16 * 1024 * 1024;

const DONE = /(?:^|[\r\n])data: ?\[DONE\]\s*$/;
const RESPONSE_ENDED =
  /(?:^|[\r\n])event: ?(?:response\.(?:completed|incomplete|failed)|error)[\r\n]/;
const latin1 = new TextDecoder('latin1');

/**
 * Watches a stream's bytes go by, in constant memory, for whether it ended as its protocol wants: a
 * connection that merely closes may be a server that died.
 */
export class StreamEnd {
  #tail: Uint8Array = new Uint8Array();
  #lineBytes = 0;
  #ended = false;
  readonly ending: Ending;

  constructor(ending: Ending) {
    this.ending = ending;
  }

  /** False once a line is too long to go on. */
  see(chunk: Uint8Array): boolean {
    const newline = chunk.lastIndexOf(0x0a);
    this.#lineBytes = newline < 0 ? this.#lineBytes + chunk.length : chunk.length - 1 - newline;
    if (this.ending === 'response-event' && !this.#ended) {
      // A line break inside a JSON string is escaped: only a real event can match.
      this.#ended = RESPONSE_ENDED.test(this.#lastText() + latin1.decode(chunk));
    }
    this.#tail = lastBytes(this.#tail, chunk);
    return this.#lineBytes <= MAX_LINE_BYTES;
  }

  get complete(): boolean {
    return this.#ended || DONE.test(this.#lastText());
  }

  /** Whether the bytes so far end between two events. */
  get betweenEvents(): boolean {
    return /(?:^|\n\r?\n|\r\r)$/.test(this.#lastText());
  }

  #lastText(): string {
    return latin1.decode(this.#tail.subarray(-TAIL_BYTES));
  }
}

/** The last bytes, and perhaps more: a chunk that is long enough is kept as it is, not copied. */
function lastBytes(before: Uint8Array, chunk: Uint8Array): Uint8Array {
  if (chunk.length >= TAIL_BYTES) return chunk;
  const kept = before.subarray(-TAIL_BYTES);
  const both = new Uint8Array(kept.length + chunk.length);
  both.set(kept);
  both.set(chunk, kept.length);
  return both;
}
