import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { InvalidInputError } from '../../core/model/errors.ts';
import { reconstructSessions } from './sessions.ts';

/** Requests of a real service, in the order they came. Arrays have one value a request. */
export interface RequestTrace {
  /** File name, for reports. */
  source: string;
  /** Length of the trace, with one mean gap after the last request, so that it may be repeated. */
  durationS: number;
  timeS: Float64Array;
  inputTokens: Float64Array;
  outputTokens: Float64Array;
  /** Of the input tokens, those that a prefix cache held in the real service. */
  cachedTokens: Float64Array;
  /** Conversation by request, where cached prefixes tell; else absent: every request is its own. */
  session?: Int32Array;
}

/** Tokens of a block of Mooncake's prefix cache. */
export const BLOCK_TOKENS = 512;

/**
 * Reads `t_s,input_tokens,output_tokens` and, where the file has them, `cached_prefix_blocks` and
 * `total_blocks`. Throws {@link InvalidInputError} naming file, line and what was expected.
 */
export function readTrace(path: string): RequestTrace {
  const lines = readFileSync(path, 'utf8').split(/\r?\n/);
  const header = (lines[0] ?? '').split(',').map((name) => name.trim());
  const column = (name: string) => header.indexOf(name);
  for (const name of ['t_s', 'input_tokens', 'output_tokens']) {
    if (column(name) >= 0) continue;
    throw new InvalidInputError(path, [`line 1: expected a column named "${name}"`]);
  }
  const rows = lines.flatMap((text, n) => (n > 0 && text.trim() !== '' ? [{ text, n }] : []));
  if (rows.length < 2) throw new InvalidInputError(path, ['expected at least two requests']);
  const read = (name: string, least: number) =>
    Float64Array.from(rows, ({ text, n }) => {
      const cell = text.split(',')[column(name)]?.trim() ?? '';
      const value = Number(cell);
      if (cell !== '' && value >= least && Number.isFinite(value)) return value;
      throw new InvalidInputError(path, [
        `line ${n + 1}: ${name} is "${cell}", expected a number of at least ${least}`,
      ]);
    });
  const timeS = read('t_s', 0);
  const backwards = timeS.findIndex((t, n) => n > 0 && t < (timeS[n - 1] as number));
  if (backwards >= 0) {
    const line = (rows[backwards]?.n as number) + 1;
    throw new InvalidInputError(path, [`line ${line}: t_s is earlier than on the line before`]);
  }
  const firstS = timeS[0] as number;
  const spanS = (timeS[timeS.length - 1] as number) - firstS;
  if (spanS <= 0) throw new InvalidInputError(path, ['all requests come at once']);
  const trace: RequestTrace = {
    source: basename(path),
    durationS: (spanS * rows.length) / (rows.length - 1),
    timeS: timeS.map((t) => t - firstS),
    inputTokens: read('input_tokens', 1),
    outputTokens: read('output_tokens', 1),
    cachedTokens: new Float64Array(rows.length),
  };
  if (column('cached_prefix_blocks') >= 0 && column('total_blocks') >= 0) {
    const cached = read('cached_prefix_blocks', 0);
    // The last token is always computed: it is the one that the answer follows from.
    trace.cachedTokens = cached.map((blocks, n) =>
      Math.min(blocks * BLOCK_TOKENS, (trace.inputTokens[n] as number) - 1),
    );
    trace.session = reconstructSessions(cached, read('total_blocks', 1));
  }
  return trace;
}

/** Means and squared coefficients of variation of a trace. */
export function traceFigures(trace: RequestTrace) {
  const gaps = trace.timeS.slice(1).map((t, n) => t - (trace.timeS[n] as number));
  return {
    requests: trace.timeS.length,
    reqPerS: trace.timeS.length / trace.durationS,
    meanInputTokens: mean(trace.inputTokens),
    meanOutputTokens: mean(trace.outputTokens),
    cachedShare: mean(trace.cachedTokens) / mean(trace.inputTokens),
    arrivalScv: squaredVariation(gaps),
  };
}

export function mean(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0) / Math.max(1, values.length);
}

/** Means of `count` parts of the values, alike in size, by rising value; their mean is that of all. */
export function equallyLikely(values: Float64Array, count: number): number[] {
  const rising = values.slice().sort();
  // Position n of the values, as a line through their sum, so that parts need not be whole.
  const sumUntil = (n: number) => {
    const whole = Math.floor(n);
    return (sums[whole] as number) + (n - whole) * (rising[whole] ?? 0);
  };
  const sums = [0];
  for (const v of rising) sums.push((sums[sums.length - 1] as number) + v);
  const size = rising.length / count;
  return Array.from(
    { length: count },
    (_, i) => (sumUntil((i + 1) * size) - sumUntil(i * size)) / size,
  );
}

/** Variance over the squared mean. */
export function squaredVariation(values: Float64Array): number {
  const m = mean(values);
  return mean(values.map((v) => (v - m) ** 2)) / (m * m);
}
