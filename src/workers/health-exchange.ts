import type { Env } from './env.ts';
import { boardOf } from './optimize.ts';
import { health } from './site-health.ts';

const PAUSE_MS = 5000;
/** What the board said is forgotten if it has been silent for so long. */
const TRUSTED_MS = 60_000;

let lastMs = Number.NEGATIVE_INFINITY;
let heardMs = Number.NEGATIVE_INFINITY;
/** Of this isolate, to the board. Made when first needed: there are no random numbers before a request. */
let name: string | undefined;

/** Tells the board what this isolate saw and hears what it knows, behind a request's back. */
export function exchangeHealth(env: Env, ctx: ExecutionContext): void {
  const nowMs = Date.now();
  if (nowMs - lastMs < PAUSE_MS) return;
  lastMs = nowMs;
  ctx.waitUntil(exchange(env));
}

async function exchange(env: Env): Promise<void> {
  try {
    name ??= crypto.randomUUID().slice(0, 8);
    health.tell(await boardOf(env).exchange(health.takeTallies(Date.now()), name));
    heardMs = Date.now();
  } catch (error) {
    console.warn(`the board of sites does not answer: ${(error as Error).message}`);
    if (Date.now() - heardMs > TRUSTED_MS) health.tell([]);
  }
}
