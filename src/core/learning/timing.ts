import type { Receipt } from '../accounting/receipt.ts';
import type { PublicSite, Zone } from '../model/fleet.ts';
import { estimateRttMs } from '../model/geo.ts';
import { decodeStepMs, hardwareProfiles, joinMs, prefillMs } from '../model/hardware.ts';
import { SPEED_SPAN } from '../model/speed.ts';

/**
 * What requests say of a site's speed, as sums that can be added up over isolates and hours: enough
 * for the estimates of `site-speeds.ts`, and nothing of a single request.
 *
 * A stream's time to first token is network + join + prefill of its uncached prompt + waiting. Against
 * x, what the registry's hardware takes for that prompt, it is a line: its slope is how many times
 * slower prefill is than the registry has it, and all the rest is in its height.
 */
export interface TimingRow {
  site: string;
  zone: string;
  hourUtcMs: number;
  /** Answers with a receipt, whatever became of them: what the site had to do. */
  requests: number;
  /** Of their uncached prompts by the registry's hardware, ms; and the tokens they were answered with. */
  workMs: number;
  tokens: number;
  /** Streams whose time to first token counts: n, Σx, Σy, Σx², Σxy, Σy² with x and y in ms. */
  timed: number;
  promptMs: number;
  ttftMs: number;
  promptSqMs2: number;
  productMs2: number;
  ttftSqMs2: number;
  /** Tokens after the first of the same streams, Σk, the time m they took, Σm in ms, and Σm²/k. */
  steps: number;
  decodeMs: number;
  decodeSqMs2: number;
}

export const timingKeys = ['site', 'zone', 'hourUtcMs'] as const;
export const timingSums = [
  'requests',
  'workMs',
  'tokens',
  'timed',
  'promptMs',
  'ttftMs',
  'promptSqMs2',
  'productMs2',
  'ttftSqMs2',
  'steps',
  'decodeMs',
  'decodeSqMs2',
] as const satisfies readonly (keyof TimingRow)[];

/** Shorter answers do not tell how fast they were made. */
const FEWEST_STEPS = 8;

/** How a stream went, as the gateway saw it. */
export interface StreamTimes {
  /** From asking this site to its first byte, ms. */
  ttftMs: number;
  /** From there to the end, ms. */
  decodeMs: number;
}

/**
 * What one request adds.
 * @param stream absent where the answer was no stream, did not come to its end, or was not counted by
 *   its site: such a request is work of the site, and says nothing of its speed
 */
export function timingOf(
  receipt: Receipt,
  site: PublicSite,
  zone: Zone,
  stream?: StreamTimes,
): TimingRow {
  const { profile, batch } = site.hardware;
  const hw = hardwareProfiles[profile];
  const { promptTokens, cachedTokens, completionTokens } = receipt.usage;
  const x = prefillMs(hw, promptTokens - cachedTokens);
  const row: TimingRow = {
    site: site.id,
    zone: zone.id,
    hourUtcMs: receipt.hourUtcMs,
    ...(Object.fromEntries(timingSums.map((name) => [name, 0])) as Record<
      (typeof timingSums)[number],
      number
    >),
    requests: 1,
    workMs: x,
    tokens: completionTokens,
  };
  const k = completionTokens - 1;
  if (!stream || k < FEWEST_STEPS) return row;
  const fastestMs = (k * decodeStepMs(hw, 1)) / SPEED_SPAN;
  // Sent at once when all was made: its first byte was not the first token's.
  if (!(stream.decodeMs > fastestMs / 2) || !(stream.ttftMs >= 0)) return row;
  const y = Math.min(
    stream.ttftMs,
    SPEED_SPAN * (estimateRttMs(zone, site) + joinMs(hw, batch) + x),
  );
  const slowestMs = k * decodeStepMs(hw, batch) * SPEED_SPAN;
  const m = Math.min(slowestMs, Math.max(fastestMs, stream.decodeMs));
  return {
    ...row,
    timed: 1,
    promptMs: x,
    ttftMs: y,
    promptSqMs2: x * x,
    productMs2: x * y,
    ttftSqMs2: y * y,
    steps: k,
    decodeMs: m,
    decodeSqMs2: (m * m) / k,
  };
}

/** Rows by what they are of. */
export class Timings {
  readonly #rows = new Map<string, TimingRow>();

  add(row: TimingRow): void {
    const key = `${row.hourUtcMs} ${row.zone} ${row.site}`;
    const sum = this.#rows.get(key);
    if (sum === undefined) this.#rows.set(key, { ...row });
    else for (const name of timingSums) sum[name] += row[name];
  }

  rows(): TimingRow[] {
    return [...this.#rows.values()];
  }
}
