import { WINDOW_MS } from '../core/routing/board.ts';
import { type Env, now } from './env.ts';
import { fleet } from './fleet.ts';
import { knownSites } from './optimize.ts';
import { ReceiptsNow } from './receipts-now.ts';
import { SharedRefresh } from './shared-refresh.ts';
import type { KnownSite } from './site-board.ts';

/** Of fewer streams a mean is not told. */
const LEAST_STREAMS = 0.5;

/**
 * What happens at the sites, as isolates last reported it, and the receipts of this hour and day of UTC;
 * null what cannot be read.
 */
export async function measured(env: Env, receiptsNow = new ReceiptsNow()) {
  const nowMs = now(env);
  const [known, receipts] = await Promise.all([
    knownSites(env),
    receiptsNow.read(env, nowMs).catch((error) => {
      console.warn(`receipts cannot be read: ${(error as Error).message}`);
      return null;
    }),
  ]);
  return {
    nowUtcMs: nowMs,
    traffic: known
      ? fleet.sites.map(({ id }) => ({
          site: id,
          ...ratesOf(known[id]),
          ttft: ttftOf(known[id]),
        }))
      : null,
    receipts,
  };
}

/** Attempts a second of about the last minute of true time that ended, and that failed. */
function ratesOf(site: KnownSite | undefined) {
  const { good, bad } = site?.attempts ?? { good: 0, bad: 0 };
  const windowS = WINDOW_MS / 1000;
  return { attemptsPerS: (good + bad) / windowS, failedPerS: bad / windowS };
}

/**
 * Mean times to first token of streams of about the last quarter of an hour, ms; null where there were
 * none. `unloadedTtftMs` is what the same streams take with nobody waiting: on the registry's hardware,
 * and under `planned` at the speeds of the plan that covered them, of those that one did.
 */
export function ttftOf(site: KnownSite | undefined) {
  const { timed, planned } = site ?? {};
  if (!timed || timed.count < LEAST_STREAMS) return null;
  const mean = (of: { count: number; ttftMs: number }, unloadedMs: number) => ({
    streams: of.count,
    ttftMs: of.ttftMs / of.count,
    unloadedTtftMs: unloadedMs / of.count,
  });
  const isPlanned = planned !== undefined && planned.count >= LEAST_STREAMS;
  return {
    ...mean(timed, timed.expectedMs),
    planned: isPlanned ? mean(planned, planned.plannedMs) : null,
  };
}

/** Shorter than the page waits from one look to the next: a lone viewer sees each time what is new. */
const SHARED_MS = 4000;
/** Nobody waits for D1 and the board longer than this. */
const WAIT_MS = 20_000;

/** The same, a few seconds old at most: it costs D1 and the board one reading, however many look at it. */
export class SharedMeasured {
  readonly #receipts = new ReceiptsNow();
  readonly #refresh = new SharedRefresh(() => this.#read());
  #env: Env | undefined;
  #latest: { body: Awaited<ReturnType<typeof measured>>; readMs: number } | undefined;

  /** Older where it cannot be read in time; undefined where it never was. */
  async read(env: Env, ctx: ExecutionContext) {
    this.#env = env;
    if (this.#latest === undefined || Date.now() - this.#latest.readMs > SHARED_MS) {
      await this.#refresh.within(WAIT_MS, ctx);
    }
    return this.#latest?.body;
  }

  async #read(): Promise<void> {
    const body = await measured(this.#env as Env, this.#receipts);
    this.#latest = { body, readMs: Date.now() };
  }
}

export const sharedMeasured = new SharedMeasured();
