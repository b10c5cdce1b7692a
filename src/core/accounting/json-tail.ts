import { type TokenUsage, usageIn } from './usage.ts';

/** `usage` stands at the end of an answer, and is short. */
const TAIL_BYTES = 4096;
const USAGE = /"usage"\s*:\s*(\{(?:[^{}]|\{[^{}]*\})*\})/g;

/** The usage of a long JSON answer that passes by in pieces, of which only the end is kept. */
export class JsonTail {
  #tail: Uint8Array = new Uint8Array();

  push(chunk: Uint8Array): void {
    const both = new Uint8Array(Math.min(TAIL_BYTES, this.#tail.length + chunk.length));
    const fromChunk = chunk.subarray(Math.max(0, chunk.length - TAIL_BYTES));
    both.set(fromChunk, both.length - fromChunk.length);
    const rest = both.length - fromChunk.length;
    both.set(this.#tail.subarray(this.#tail.length - rest), 0);
    this.#tail = both;
  }

  usage(): TokenUsage | undefined {
    const found = [...new TextDecoder().decode(this.#tail).matchAll(USAGE)].at(-1)?.[1];
    if (found === undefined) return undefined;
    try {
      return usageIn({ usage: JSON.parse(found) });
    } catch {
      return undefined;
    }
  }
}
