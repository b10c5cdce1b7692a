import { estimatePromptTokens } from '../core/accounting/usage.ts';
import { promptTtftMs, requestTtftMs } from '../core/model/eligibility.ts';
import type { PublicSite } from '../core/model/fleet.ts';
import { digest } from '../core/routing/rendezvous.ts';
import type { Asked } from './asked.ts';
import { health } from './site-health.ts';
import { noteFirstToken } from './steering.ts';
import { isDoubtful, retryAtMs } from './upstream.ts';

/** What one request's attempts say of the sites it asked. */
export class Verdicts {
  readonly #asked: Asked;
  readonly #client: string;
  /** Sites whose failure may be this request's fault. */
  #doubtful: string[] = [];

  /** @param client tells clients apart */
  constructor(asked: Asked, client: string) {
    this.#asked = asked;
    this.#client = client;
  }

  /** An answer that was not taken. */
  refused(site: string, upstream: Response): void {
    const { status } = upstream;
    const nowMs = Date.now();
    const isBusy = status === 429 || status === 503;
    const retryAt = retryAtMs(upstream, nowMs);
    if (isBusy) health.judge(site, { kind: 'busy', retryAtMs: retryAt }, nowMs);
    if (isDoubtful(status)) this.#doubtful.push(site);
    else if (status !== 429) this.failed(site);
  }

  failed(site: string): void {
    health.judge(site, { kind: 'failed' }, Date.now());
  }

  /** A failure for which there is no other site's answer to tell whose fault it is. */
  suspect(site: string): void {
    const request = digest(this.#asked.text);
    health.judge(site, { kind: 'suspect', client: this.#client, request }, Date.now());
  }

  /**
   * An answer that is taken. It tells of the sites before it, too: one that does what was asked blames
   * those that did not, one that finds fault with it clears them.
   */
  began(site: string, status: number): void {
    const doubtful = this.#doubtful;
    this.#doubtful = [];
    if (status < 400) for (const other of doubtful) this.failed(other);
    health.judge(site, { kind: 'began' }, Date.now());
  }

  /** A stream's first text, so long after its site was asked. What comes before may come before work. */
  spoke(site: PublicSite, firstTextMs: number): void {
    const { ttftMs, expectedMs } = this.#time(site, firstTextMs);
    const plannedMs = this.#plannedMs(site);
    health.judge(site.id, { kind: 'spoke', ttftMs, expectedMs, plannedMs }, Date.now());
    noteFirstToken(this.#asked, site.id, ttftMs, expectedMs);
  }

  /** Given up because another was quicker: it would have taken longer than this. */
  overtaken(site: PublicSite, ms: number): void {
    health.judge(site.id, { kind: 'overtaken', ...this.#time(site, ms) }, Date.now());
  }

  answered(site: string): void {
    health.judge(site, { kind: 'answered' }, Date.now());
  }

  /** No more sites are asked. */
  close(): void {
    for (const site of this.#doubtful) this.suspect(site);
    this.#doubtful = [];
  }

  #time(site: PublicSite, ttftMs: number) {
    const { zone, cls, body } = this.#asked;
    return { ttftMs, expectedMs: requestTtftMs(zone, site, cls, estimatePromptTokens(body)) };
  }
  #plannedMs(site: PublicSite): number | undefined {
    const { zone, body, speeds } = this.#asked;
    if (speeds === undefined) return undefined;
    const asPlanned = { ...site, speed: speeds[site.id] };
    return promptTtftMs(zone, asPlanned, estimatePromptTokens(body));
  }
}
