import type { Plan } from '../core/planning/plan.ts';
import { currentVersion, readPlan } from '../store/plans.ts';

/** How old the isolate's knowledge of the current version may grow before it looks again. */
const REFRESH_MS = 15_000;
/** The same while there is no plan yet, when every request would rather have one. */
const FIRST_PLAN_MS = 1000;
/** How long a request waits for a first plan before it is routed without one. */
const FIRST_PLAN_WAIT_MS = 2000;
/** A refresh under way for longer than this is not waited for: another is begun beside it. */
const ABANDONED_MS = 5000;

interface Refresh {
  begunMs: number;
  done: Promise<void>;
}

/**
 * The current plan in this isolate's memory. Requests read it from here; D1 is asked in the
 * background, through a session, so that a replica near the router answers. What cannot be read
 * changes nothing: the plan held serves on.
 *
 * A refresh lives in the request that began it and may never settle, should that request end. Others
 * therefore wait for it under a timer of their own only, and begin another after a while.
 */
export class PlanHolder {
  #plan: Plan | undefined;
  #checkedMs = Number.NEGATIVE_INFINITY;
  #refresh: Refresh | undefined;

  /** The plan, refreshed behind the caller's back; awaited only by the first callers of an isolate. */
  async current(db: D1Database, ctx: ExecutionContext): Promise<Plan | undefined> {
    const nowMs = Date.now();
    if (nowMs - this.#checkedMs > (this.#plan ? REFRESH_MS : FIRST_PLAN_MS)) {
      if (this.#refresh === undefined || nowMs - this.#refresh.begunMs > ABANDONED_MS) {
        const begun = { begunMs: nowMs, done: this.refresh(db) };
        this.#refresh = begun;
        const ended = begun.done.then(() => {
          if (this.#refresh === begun) this.#refresh = undefined;
        });
        // Its client may leave before D1 answers.
        ctx.waitUntil(ended);
      }
      const { begunMs, done } = this.#refresh;
      if (this.#plan === undefined) await within(begunMs + FIRST_PLAN_WAIT_MS - nowMs, done);
    }
    return this.#plan;
  }

  async refresh(db: D1Database): Promise<void> {
    try {
      const session = db.withSession('first-unconstrained');
      const version = await currentVersion(session);
      if (version === undefined || version <= this.#version) return;
      const plan = await readPlan(session, version);
      // A replica may lag, and refreshes overtake: an older version never replaces a newer one.
      if (plan && version > this.#version) this.#plan = plan;
    } catch (error) {
      console.error(`plan refresh failed, keeping version ${this.#version || 'none'}: ${error}`);
    } finally {
      this.#checkedMs = Date.now();
    }
  }

  get #version(): number {
    return this.#plan?.header.version ?? 0;
  }
}

async function within(ms: number, done: Promise<void>): Promise<void> {
  let timer: number | null = null;
  const timeUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, ms));
  });
  await Promise.race([done, timeUp]);
  clearTimeout(timer);
}
