import type { RateTrace } from '../../../src/sim/loop/asked.ts';

/** A day's wave with bursts of ten minutes. */
export const bursty: RateTrace = {
  source: 'bursty',
  stepS: 600,
  relative: Float64Array.from(
    { length: 2016 },
    (_, n) => (1 + 0.4 * Math.sin((2 * Math.PI * n) / 144)) * (n % 7 === 0 ? 1.5 : 0.9),
  ),
};
