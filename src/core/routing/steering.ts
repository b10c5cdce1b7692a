import { Drift } from './drift.ts';
import { LiveTtft } from './live-ttft.ts';
import { unitHash } from './rendezvous.ts';

export interface SteeringOptions {
  /**
   * How far requests may be steered off the plan: of a class and zone, no site loses or gains more
   * than this share of all requests in any time of `windowS`.
   */
  maxDriftShare: number;
  windowS: number;
}

/** A request as far as steering cares. */
export interface SteeredRequest {
  /** What has planned shares of its own: a class in a zone. */
  flow: string;
  session: string;
  /** By what it says, nothing of it can be in a site's cache yet. */
  isFirst: boolean;
  shares: readonly (readonly [site: string, share: number])[];
  /** TTFT of this request at a site with nobody waiting, ms. */
  expectedMs(site: string): number;
}

/** What steering did with a request. */
export interface Steered {
  /** The sites, in the order they are to be asked. */
  sites: readonly string[];
  /** Set where the session was moved just now: from the site it was drawn to, and why. */
  moved?: { from: string; why: 'slow' | 'repaid' };
}

/**
 * A site is slow when sessions that begin wait this many times their TTFT with nobody waiting, and well
 * again below the other: between the two nothing is moved to it.
 */
const SLOW = 1.5;
const WELL = 1.25;
/** Another must be so much quicker, for this request, to be worth a step off the plan. */
const GAIN = 1.3;
/** Share of the sessions that could repay a debt that do: a site that has recovered is not flooded. */
const REPAY_SHARE = 0.25;
/** Sessions whose sites are remembered, and for how long after their last request. */
const MAX_HOMES = 10_000;
const HOME_MS = 1_800_000;

/**
 * Keeps a plan's shares over time, and its TTFT where a site is slower for a while than the plan knows.
 * A session that begins is drawn to a site by its shares; where that site is slow just now, it goes to
 * the next in its own ranking that is not, within a budget ({@link Drift}). What a site lost so it gets
 * back from sites that gained, once it is well. Sessions that have begun stay where they are.
 *
 * One for an isolate, which knows nothing of others: what it moves keeps its site here only.
 */
export class Steering {
  readonly #live = new LiveTtft();
  readonly #options: SteeringOptions;
  readonly #flows = new Map<string, Drift>();
  /** Least lately seen first. */
  readonly #homes = new Map<string, { site: string; seenMs: number }>();

  constructor(options: SteeringOptions) {
    this.#options = options;
  }

  /**
   * The first token of a session that began. Later turns say less: most of their prompts is in a cache,
   * how much of it only the site knows.
   */
  timed(site: string, ttftMs: number, expectedMs: number, nowMs: number): void {
    this.#live.add(site, ttftMs / Math.max(1, expectedMs), nowMs);
  }

  /** @param ranked sites as the session ranks them; those of the plan first */
  order(ranked: readonly string[], request: SteeredRequest, nowMs: number): Steered {
    const [drawn] = ranked;
    if (drawn === undefined || request.shares.length < 2) return { sites: ranked };
    const home = this.#homeOf(request.session, nowMs);
    if (home !== undefined && isPlanned(request, home) && ranked.includes(home)) {
      return { sites: first(home, ranked) };
    }
    if (home !== undefined || !request.isFirst) return { sites: ranked };
    const to = this.#quicker(drawn, ranked, request, nowMs);
    if (to !== undefined) return { sites: first(to, ranked), moved: { from: drawn, why: 'slow' } };
    const owed = this.#owed(drawn, ranked, request, nowMs);
    if (owed === undefined) return { sites: ranked };
    return { sites: first(owed, ranked), moved: { from: drawn, why: 'repaid' } };
  }

  /**
   * To be told of every request.
   * @param drawn site it was drawn to by its session and the shares
   * @param steered site that steering wanted
   * @param asked site that is asked first, which may be another again, as health has it
   */
  note(request: SteeredRequest, drawn: string, steered: string, asked: string, nowMs: number) {
    const { session } = request;
    const flow = this.#flow(request.flow);
    const isNew = request.isFirst && this.#homeOf(session, nowMs) === undefined;
    flow.add(isNew, nowMs);
    // Where health sends it for the moment is neither a move of this nor a home.
    if (isNew && steered !== drawn && asked === steered) flow.move(drawn, steered, nowMs);
    this.#homes.delete(session);
    this.#homes.set(session, { site: steered, seenMs: nowMs });
    if (this.#homes.size <= MAX_HOMES) return;
    for (const oldest of this.#homes.keys()) {
      this.#homes.delete(oldest);
      break;
    }
  }

  #homeOf(session: string, nowMs: number): string | undefined {
    const home = this.#homes.get(session);
    return home && nowMs - home.seenMs < HOME_MS ? home.site : undefined;
  }

  #flow(id: string): Drift {
    let flow = this.#flows.get(id);
    if (flow === undefined) {
      flow = new Drift(this.#options.windowS * 1000);
      this.#flows.set(id, flow);
    }
    return flow;
  }

  /** The first other site of the plan that is worth going to, where the one drawn is slow. */
  #quicker(drawn: string, ranked: readonly string[], request: SteeredRequest, nowMs: number) {
    const slowness = this.#live.of(drawn, nowMs) ?? 1;
    if (slowness <= SLOW) return undefined;
    const mostMs = (slowness * request.expectedMs(drawn)) / GAIN;
    const flow = this.#flow(request.flow);
    return ranked.find((site) => {
      if (site === drawn || !isPlanned(request, site)) return false;
      const other = this.#live.of(site, nowMs);
      // Of a site that nothing is known of one cannot say that it is quicker.
      if (other === undefined || other > WELL) return false;
      if (other * request.expectedMs(site) > mostMs) return false;
      return flow.mayMove(drawn, site, this.#options.maxDriftShare, nowMs);
    });
  }

  /** The site that steering owes most, where the one drawn has gained by it. */
  #owed(drawn: string, ranked: readonly string[], request: SteeredRequest, nowMs: number) {
    const flow = this.#flow(request.flow);
    if (flow.gained(drawn, nowMs) < 1) return undefined;
    let owed: string | undefined;
    for (const site of ranked) {
      const debt = -flow.gained(site, nowMs);
      const isWell = (this.#live.of(site, nowMs) ?? 1) <= WELL;
      if (debt < 1 || !isPlanned(request, site) || !isWell) continue;
      if (owed === undefined || debt > -flow.gained(owed, nowMs)) owed = site;
    }
    if (owed === undefined || unitHash(request.session, 'repay') > REPAY_SHARE) return undefined;
    return flow.mayMove(drawn, owed, this.#options.maxDriftShare, nowMs) ? owed : undefined;
  }
}

function isPlanned({ shares }: SteeredRequest, site: string): boolean {
  return shares.some(([s, share]) => s === site && share > 0);
}

function first(site: string, sites: readonly string[]): readonly string[] {
  return site === sites[0] ? sites : [site, ...sites.filter((s) => s !== site)];
}
