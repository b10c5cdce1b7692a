/**
 * What this isolate has seen of the sites: one that refused is tried last for a while. No state is
 * shared or kept: losing it costs one failed attempt.
 */
export class SiteHealth {
  readonly #refusedUntilMs = new Map<string, number>();
  readonly #coolDownMs: number;

  constructor(coolDownMs = 10_000) {
    this.#coolDownMs = coolDownMs;
  }

  refused(site: string, nowMs: number): void {
    this.#refusedUntilMs.set(site, nowMs + this.#coolDownMs);
  }

  answered(site: string): void {
    this.#refusedUntilMs.delete(site);
  }

  isCooling(site: string, nowMs: number): boolean {
    return (this.#refusedUntilMs.get(site) ?? 0) > nowMs;
  }

  /** The same sites, those that refused lately last; the order is kept otherwise. */
  order(sites: readonly string[], nowMs: number): string[] {
    return [
      ...sites.filter((s) => !this.isCooling(s, nowMs)),
      ...sites.filter((s) => this.isCooling(s, nowMs)),
    ];
  }
}
