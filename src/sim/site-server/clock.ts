import { setImmediate, setTimeout } from 'node:timers/promises';

/**
 * Waits for a point on the performance.now() clock. Callers chain nominal times, so the timer's
 * one-millisecond grain does not add up even when a decode step is far shorter than that.
 * A time already past still yields once, so that sockets get served.
 */
export async function sleepUntil(atMs: number, signal?: AbortSignal): Promise<void> {
  const waitMs = atMs - performance.now();
  if (waitMs <= 0) await setImmediate(undefined, { signal });
  else await setTimeout(waitMs, undefined, { signal });
}
