import { z } from 'zod';

const faultSchema = z.strictObject({
  /**
   * `end-early` ends a stream without its ending, `stall` keeps it open and silent; `wrong-length`
   * promises more bytes than it sends, `endless-line` sends one line of 50 MB.
   */
  kind: z.enum([
    'none',
    'refuse',
    'status',
    'hang',
    'slow',
    'die-mid-stream',
    'end-early',
    'stall',
    'html',
    'wrong-length',
    'endless-line',
  ]),
  /** For "status", 503 when absent; for "html", 200. */
  status: z.int().min(400).max(599).optional(),
  /** For "status": sent as Retry-After. */
  retryAfterS: z.number().min(0).optional(),
  /** For "die-mid-stream", "end-early" and "stall"; 5 when absent. */
  afterTokens: z.int().min(0).optional(),
  /** For "endless-line", in place of 50 MB. */
  bytes: z.int().min(1).optional(),
  /** For "slow": prefill takes this many times as long; 10 when absent. */
  factor: z.number().min(0).optional(),
  /** Share of requests that meet the fault; 1 when absent. */
  probability: z.number().min(0).max(1).optional(),
});

export type Fault = z.infer<typeof faultSchema>;

const NO_FAULT: Fault = { kind: 'none' };

/** The fault a person or a test has switched on, and the draw of who meets it. */
export class FaultSwitch {
  current: Fault = NO_FAULT;
  private readonly random: () => number;

  constructor(random: () => number) {
    this.random = random;
  }

  /** Throws when the value is not a fault. */
  set(value: unknown): void {
    const parsed = faultSchema.safeParse(value ?? NO_FAULT);
    if (!parsed.success) throw new TypeError(z.prettifyError(parsed.error));
    this.current = parsed.data;
  }

  /** The fault this request meets; drawn once per request. */
  draw(): Fault {
    if (this.current.kind === 'none') return NO_FAULT;
    return this.random() < (this.current.probability ?? 1) ? this.current : NO_FAULT;
  }
}
