import type { Plan } from '../core/planning/plan.ts';
import { currentVersion, readPlan } from '../store/plans.ts';

/** How old the isolate's knowledge of the current version may grow before it looks again. */
const REFRESH_MS = 15_000;
/** The same while there is no plan yet, when every request would rather have one. */
const FIRST_PLAN_MS = 1000;

/**
 * The current plan in this isolate's memory. Requests read it from here; D1 is asked in the
 * background, through a session, so that a replica near the router answers. What cannot be read
 * changes nothing: the plan held serves on.
 */
export class PlanHolder {
  #plan: Plan | undefined;
  #checkedMs = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<void> | undefined;

  /** The plan, refreshed behind the caller's back; awaited only by the first callers of an isolate. */
  async current(db: D1Database, ctx: ExecutionContext): Promise<Plan | undefined> {
    const ageMs = Date.now() - this.#checkedMs;
    if (ageMs > (this.#plan ? REFRESH_MS : FIRST_PLAN_MS)) {
      this.#refreshing ??= this.refresh(db).finally(() => {
        this.#refreshing = undefined;
      });
      if (this.#plan === undefined) await this.#refreshing;
      else ctx.waitUntil(this.#refreshing);
    }
    return this.#plan;
  }

  async refresh(db: D1Database): Promise<void> {
    try {
      const session = db.withSession('first-unconstrained');
      const version = await currentVersion(session);
      this.#checkedMs = Date.now();
      // A replica may lag: an older version never replaces a newer one.
      if (version === undefined || version <= (this.#plan?.header.version ?? 0)) return;
      const plan = await readPlan(session, version);
      if (plan) this.#plan = plan;
    } catch (error) {
      this.#checkedMs = Date.now();
      console.error(
        `plan refresh failed, keeping version ${this.#plan?.header.version ?? 'none'}: ${error}`,
      );
    }
  }
}
