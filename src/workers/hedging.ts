import { z } from 'zod';
import type { Asked } from './asked.ts';
import { fleet } from './fleet.ts';

const waitMs = z.int().min(1).max(600_000);
const classIds = fleet.classes.map((c) => c.id);

/** When a second site is asked beside one that has not begun to answer. */
export const hedgingSchema = z.strictObject({
  /** The least that a client may ask for by `x-isotherm-hedge-ms`; less counts as this. */
  minMs: waitMs.default(100),
  /** Longer bodies are never sent twice: their prompts take long by themselves, and cost most. */
  maxBodyChars: z
    .int()
    .min(0)
    .max(4 * 1024 * 1024)
    .default(65_536),
  /** By class, for requests without the header. */
  classes: z.partialRecord(z.enum(classIds as [string, ...string[]]), waitMs).default({}),
});

type Hedging = z.output<typeof hedgingSchema>;

let known: { text: string; hedging: Hedging | undefined } = { text: '', hedging: undefined };

/** What a variable says. Off, and one line in the log, where it cannot be read. */
function hedgingOf(text: string): Hedging | undefined {
  if (known.text === text) return known.hedging;
  try {
    known = { text, hedging: hedgingSchema.parse(JSON.parse(text)) };
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    console.error(`HEDGING is off, since it cannot be read: ${why}`);
    known = { text, hedging: undefined };
  }
  return known.hedging;
}

/**
 * How long a request waits for a first byte before a second site is asked, too; undefined: for ever.
 * Only streams: the first byte of any other answer comes with the whole of it, so a second site would
 * do all of the work again. And only where a site keeps nothing of a request, unlike /v1/responses.
 */
export function hedgeAfterMs(asked: Asked, variable: string | undefined): number | undefined {
  if (!variable || !asked.streams || asked.endpoint.ending !== 'done-marker') return undefined;
  const hedging = hedgingOf(variable);
  if (hedging === undefined || asked.text.length > hedging.maxBodyChars) return undefined;
  const { hedgeMs } = asked;
  if (hedgeMs !== undefined) return hedgeMs === 0 ? undefined : Math.max(hedgeMs, hedging.minMs);
  return hedging.classes[asked.cls.id];
}
