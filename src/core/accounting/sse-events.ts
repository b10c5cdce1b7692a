import { concat } from '../concat.ts';

/**
 * Finds the events of a server-sent event stream (WHATWG HTML, section 9.2) in chunks that end
 * anywhere, without changing a byte: whoever calls decides which events pass on. At most one event
 * is held, and never more of it than a limit: a longer one passes on unread, as it comes.
 */

const LF = 10;
const CR = 13;

/** Sees a whole event, its blank line included (not at the end of a stream); returns what passes on. */
export type EventFilter = (event: Uint8Array) => Uint8Array;

export class EventSplitter {
  readonly #filter: EventFilter;
  readonly #maxBytes: number;
  /** Pieces of the event under way; empty while one over the limit passes on unread. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #overlong = false;
  /** Whether the line under way has a byte yet, and whether the last byte was a CR. */
  #lineEmpty = true;
  #afterCr = false;
  /** Whether the last event was cut short or dropped: a line feed that completes its CR goes with it. */
  #lastChanged = false;

  constructor(filter: EventFilter, maxBytes: number) {
    this.#filter = filter;
    this.#maxBytes = maxBytes;
  }

  /** What of this chunk, and of what was held before it, passes on. */
  push(chunk: Uint8Array): Uint8Array[] {
    const out: Uint8Array[] = [];
    let from = 0;
    let lineFrom = 0;
    for (const at of lineEnds(chunk)) {
      if (chunk[at] === LF && this.#afterCr && lineFrom === at) {
        this.#afterCr = false;
        lineFrom = at + 1;
        // The second half of a line end. After an event's last it belongs to that event.
        if (this.#betweenEvents && from === at) {
          if (!this.#lastChanged) out.push(chunk.subarray(at, at + 1));
          from = at + 1;
        }
        continue;
      }
      const isBlank = this.#lineEmpty && lineFrom === at;
      this.#lineEmpty = true;
      this.#afterCr = chunk[at] === CR;
      lineFrom = at + 1;
      if (!isBlank) continue;
      this.#take(chunk.subarray(from, at + 1), out);
      this.#endEvent(out);
      from = at + 1;
    }
    if (lineFrom < chunk.length) {
      this.#lineEmpty = false;
      this.#afterCr = false;
    }
    this.#take(chunk.subarray(from), out);
    return joined(out);
  }

  /** What is held at the end of the stream: an event without its blank line. */
  end(): Uint8Array[] {
    const out: Uint8Array[] = [];
    if (this.#heldBytes > 0) this.#endEvent(out);
    return out;
  }

  get #betweenEvents(): boolean {
    return this.#lineEmpty && this.#heldBytes === 0 && !this.#overlong;
  }

  #take(piece: Uint8Array, out: Uint8Array[]): void {
    if (piece.length === 0) return;
    if (!this.#overlong && this.#heldBytes + piece.length > this.#maxBytes) {
      this.#overlong = true;
      out.push(...this.#held);
      this.#held = [];
      this.#heldBytes = 0;
    }
    if (this.#overlong) {
      out.push(piece);
    } else {
      this.#held.push(piece);
      this.#heldBytes += piece.length;
    }
  }

  #endEvent(out: Uint8Array[]): void {
    this.#lastChanged = false;
    if (!this.#overlong) {
      const event = concat(this.#held, this.#heldBytes);
      const kept = this.#filter(event);
      this.#lastChanged = kept.length !== event.length;
      // The pieces themselves where nothing was left out: they join up with their neighbours.
      if (this.#lastChanged) out.push(kept);
      else out.push(...this.#held);
    }
    this.#held = [];
    this.#heldBytes = 0;
    this.#overlong = false;
    this.#lineEmpty = true;
  }
}

/** Places of line feeds and carriage returns, in order. */
function* lineEnds(chunk: Uint8Array): Generator<number> {
  let lf = chunk.indexOf(LF);
  let cr = chunk.indexOf(CR);
  while (lf >= 0 || cr >= 0) {
    if (cr < 0 || (lf >= 0 && lf < cr)) {
      yield lf;
      lf = chunk.indexOf(LF, lf + 1);
    } else {
      yield cr;
      cr = chunk.indexOf(CR, cr + 1);
    }
  }
}

/** Neighbours in one buffer as one piece again, so that a chunk that passes whole is one chunk. */
function joined(pieces: Uint8Array[]): Uint8Array[] {
  const out: Uint8Array[] = [];
  for (const piece of pieces) {
    if (piece.length === 0) continue;
    const last = out.at(-1);
    if (
      last &&
      last.buffer === piece.buffer &&
      last.byteOffset + last.length === piece.byteOffset
    ) {
      out[out.length - 1] = new Uint8Array(
        last.buffer,
        last.byteOffset,
        last.length + piece.length,
      );
    } else {
      out.push(piece);
    }
  }
  return out;
}

/** An event's lines, each with its line end. */
export function linesOf(event: string): string[] {
  return event.match(/[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g) ?? [];
}

/** An event's data: its `data` lines joined; undefined where it has none. */
export function dataOf(event: string): string | undefined {
  // Nearly every event is one line of data.
  const lineEnd = event.search(/[\r\n]/);
  if (event.startsWith('data: ') && event.length - lineEnd <= 4 && lineEnd > 0) {
    if (event.slice(lineEnd).trim() === '') return event.slice(6, lineEnd);
  }
  const data = linesOf(event)
    .map((line) => line.replace(/[\r\n]+$/, ''))
    .filter((line) => line === 'data' || line.startsWith('data:'))
    .map((line) => line.slice(5).replace(/^ /, ''));
  return data.length > 0 ? data.join('\n') : undefined;
}
