/**
 * What a site had to do in an hour, or so much of it as requests that began in it have ended: its requests' uncached prompts
 * by the registry's hardware, ms, and the tokens it answered with, as in {@link TimingRow}.
 */
export interface ServedHour {
  fromUtcMs: number;
  forMs: number;
  workMs: number;
  tokens: number;
}

const FIELDS = 4;
/** Hours a round's query carries at most. */
const MOST_HOURS = 6;

/** As one array, to be sent. */
export function packServed(hours: readonly ServedHour[]): Float64Array {
  return Float64Array.from(
    hours.flatMap(({ fromUtcMs, forMs, workMs, tokens }) => [fromUtcMs, forMs, workMs, tokens]),
  );
}

/** Back; undefined where it cannot be. */
export function unpackServed(values: Float64Array): ServedHour[] | undefined {
  if (values.length % FIELDS !== 0 || values.length > FIELDS * MOST_HOURS) return undefined;
  const hours = Array.from({ length: values.length / FIELDS }, (_, n): ServedHour => {
    const [fromUtcMs, forMs, workMs, tokens] = values.subarray(n * FIELDS) as unknown as [
      number,
      number,
      number,
      number,
    ];
    return { fromUtcMs, forMs, workMs, tokens };
  });
  const isSound = hours.every(
    ({ forMs, workMs, tokens }) => forMs > 0 && workMs >= 0 && tokens >= 0,
  );
  return isSound && values.every(Number.isFinite) ? hours : undefined;
}
