/**
 * Requests of one class and zone, and how many of them were moved on purpose from the site they were
 * drawn to, over about the last so long: each counts e times less after every window. A session that is
 * moved takes its later requests with it, so it counts at once for as many as sessions have on average.
 */
export class Drift {
  readonly #windowMs: number;
  #atMs = 0;
  #requests = 0;
  /** Those of them that began a session. */
  #sessions = 0;
  /** Requests moved to a site; negative for a site they were taken from. */
  readonly #gained = new Map<string, number>();

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  add(isFirst: boolean, nowMs: number): void {
    this.#decay(nowMs);
    this.#requests++;
    if (isFirst) this.#sessions++;
  }

  move(from: string, to: string, nowMs: number): void {
    this.#gained.set(from, this.gained(from, nowMs) - this.#perSession);
    this.#gained.set(to, this.gained(to, nowMs) + this.#perSession);
  }

  /** What a site has gained by moves, in requests. */
  gained(site: string, nowMs: number): number {
    this.#decay(nowMs);
    return this.#gained.get(site) ?? 0;
  }

  /**
   * Whether one session more may be moved, so that in no window a site loses or gains more than such a
   * share of all requests: half of it may be there when a window begins, and as much leaks out in it.
   */
  mayMove(from: string, to: string, maxShare: number, nowMs: number): boolean {
    const most = (maxShare / 2) * this.#requests - this.#perSession;
    return -this.gained(from, nowMs) <= most && this.gained(to, nowMs) <= most;
  }

  get #perSession(): number {
    return this.#sessions > 0 ? Math.max(1, this.#requests / this.#sessions) : 1;
  }

  #decay(nowMs: number): void {
    const kept = Math.exp(-Math.max(0, nowMs - this.#atMs) / this.#windowMs);
    this.#atMs = nowMs;
    if (kept === 1) return;
    this.#requests *= kept;
    this.#sessions *= kept;
    for (const [site, count] of this.#gained) this.#gained.set(site, count * kept);
  }
}
