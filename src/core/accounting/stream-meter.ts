import { type SiteError, siteErrorIn } from './site-error.ts';
import { dataOf, EventSplitter, linesOf } from './sse-events.ts';
import {
  deltaCharacters,
  greaterUsage,
  isUsageEvent,
  type TokenUsage,
  tokensOfText,
  usageIn,
} from './usage.ts';

/** A longer event passes on unread. The last event of /v1/responses repeats the whole answer. */
const MAX_EVENT_BYTES = 1024 * 1024;

export interface Tally {
  usage: TokenUsage;
  /** The site gave no usage, or not for all of the answer: counts are made from what passed by. */
  estimated: boolean;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Reads the usage of a streamed answer as it passes. With `hideUsage`, the event that only carries
 * usage does not pass on: the client did not ask for it. No other byte is changed.
 *
 * ```ts
 * const meter = new StreamMeter({ hideUsage: true, promptTokens: 12 });
 * for await (const chunk of upstream) for (const piece of meter.push(chunk)) write(piece);
 * for (const piece of meter.end()) write(piece);
 * meter.tally(); // { usage: { promptTokens: 12, … }, estimated: false }
 * ```
 */
export class StreamMeter {
  readonly #splitter: EventSplitter;
  readonly #hideUsage: boolean;
  readonly #promptTokens: number;
  #usage: TokenUsage | undefined;
  /** Since the last usage, or since the beginning. */
  #deltas = 0;
  #characters = 0;
  #error: SiteError | undefined;
  #hasBegun = false;

  /** @param options.promptTokens the prompt's tokens, estimated, should the site not count them */
  constructor(options: { hideUsage: boolean; promptTokens: number }) {
    this.#hideUsage = options.hideUsage;
    this.#promptTokens = options.promptTokens;
    this.#splitter = new EventSplitter((event) => this.#read(event), MAX_EVENT_BYTES);
  }

  push(chunk: Uint8Array): Uint8Array[] {
    return this.#splitter.push(chunk);
  }

  end(): Uint8Array[] {
    return this.#splitter.end();
  }

  /** The error that the site itself told the client of, if it did; the last, if several. */
  get error(): SiteError | undefined {
    return this.#error;
  }

  /** Whether any of the answer itself has passed: what comes before says nothing of the model. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** What the stream has come to so far. */
  tally(): Tally {
    const unreported = Math.max(this.#deltas, tokensOfText(this.#characters));
    const known = this.#usage;
    return {
      usage: {
        promptTokens: known?.promptTokens ?? this.#promptTokens,
        completionTokens: (known?.completionTokens ?? 0) + unreported,
        cachedTokens: known?.cachedTokens ?? 0,
      },
      estimated: known === undefined || unreported > 0,
    };
  }

  #read(bytes: Uint8Array): Uint8Array {
    const text = decoder.decode(bytes);
    const event = jsonOf(dataOf(text));
    if (event === undefined) return bytes;
    this.#error = siteErrorIn(event) ?? this.#error;
    const characters = deltaCharacters(event);
    if (characters > 0) {
      this.#hasBegun = true;
      this.#deltas++;
      this.#characters += characters;
    }
    const usage = usageIn(event);
    if (usage !== undefined) {
      this.#usage = greaterUsage(this.#usage, usage);
      // It counts what came before it, and what came with it.
      this.#deltas = 0;
      this.#characters = 0;
    }
    if (!this.#hideUsage || !isUsageEvent(event)) return bytes;
    // Heartbeats that stand in the same event are not the client's loss.
    return encoder.encode(
      linesOf(text)
        .filter((line) => line.startsWith(':'))
        .join(''),
    );
  }
}

function jsonOf(data: string | undefined): unknown {
  if (data === undefined || !data.startsWith('{')) return undefined;
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
