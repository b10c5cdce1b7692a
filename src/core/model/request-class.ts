import { z } from 'zod';
import { registryId } from './registry-id.ts';

/** Prompts are rounded to tokens. */
const PROMPT_MEAN_TOLERANCE = 0.005;

/**
 * A served model with its token profile. Either users wait for its answers, and `ttftSloMs` bounds how
 * long; or its work may wait (batch), and `maxDelayHours` does.
 */
export const requestClassSchema = z
  .strictObject({
    id: registryId,
    name: z.string().min(1).max(64),
    /** Model name clients ask for. */
    model: z.string().min(1).max(128),
    /** Other names for it. */
    aliases: z.array(z.string().min(1).max(128)).max(32).optional(),
    meanInputTokens: z.number().positive().max(1_000_000),
    /** Tokens of equally likely prompts, rising; their mean is `meanInputTokens`. Absent: all have that. */
    promptTokens: z.array(z.number().positive().max(1_000_000)).min(1).max(100).optional(),
    meanOutputTokens: z.number().positive().max(1_000_000),
    /** A zone–site pair whose TTFT exceeds this at zero load is not eligible. */
    ttftSloMs: z.number().positive().optional(),
    /**
     * Work that may wait: what comes in an hour is served in that hour or one of the next
     * `maxDelayHours` − 1, so never later than this after it came.
     */
    maxDelayHours: z.int().min(1).max(168).optional(),
    /** Squared coefficients of variation; (Ca² + Cs²)/2 of a site is their plain mean over classes. */
    arrivalScv: z.number().min(0).max(1000).default(1),
    serviceScv: z.number().min(0).max(1000).default(1),
  })
  .superRefine((cls, ctx) => {
    const prompts = promptsOf(cls);
    const mean = prompts.reduce((a, b) => a + b, 0) / prompts.length;
    if (Math.abs(mean / cls.meanInputTokens - 1) > PROMPT_MEAN_TOLERANCE) {
      const message = `have a mean of ${mean.toFixed(1)}, but meanInputTokens is ${cls.meanInputTokens}`;
      ctx.addIssue({ code: 'custom', path: ['promptTokens'], message });
    }
    if (prompts.some((tokens, n) => n > 0 && tokens < (prompts[n - 1] as number))) {
      ctx.addIssue({ code: 'custom', path: ['promptTokens'], message: 'must rise' });
    }
    if (cls.ttftSloMs === undefined && cls.maxDelayHours === undefined) {
      const message = 'is missing: a class has this, or maxDelayHours if its work may wait';
      ctx.addIssue({ code: 'custom', path: ['ttftSloMs'], message });
    }
    if (cls.ttftSloMs !== undefined && cls.maxDelayHours !== undefined) {
      const message = 'does not go with ttftSloMs: work that may wait has no time to first token';
      ctx.addIssue({ code: 'custom', path: ['maxDelayHours'], message });
    }
  });
export type RequestClass = z.output<typeof requestClassSchema>;

/** Tokens of equally likely prompts of a class. */
export function promptsOf(cls: Pick<RequestClass, 'meanInputTokens' | 'promptTokens'>): number[] {
  return cls.promptTokens ?? [cls.meanInputTokens];
}

/** Whether a class's work may wait: batch. */
export function mayWait(cls: RequestClass): boolean {
  return cls.maxDelayHours !== undefined;
}
