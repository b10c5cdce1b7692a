import type { EjectionReason, Tally } from './board.ts';
import { SiteRecord } from './site-record.ts';

/**
 * More of the capacity that may serve a request than this out of use, and ejection is ignored: the
 * fault is likelier on this side, and the rest could not carry the load (Envoy's panic threshold).
 */
const PANIC_SHARE = 0.5;

export interface SiteLimits {
  /** Servers, or any other measure of what a site adds to the whole. */
  capacity: number;
  /** Sequences the site works on at once. */
  concurrency: number;
}

/** What became of an attempt. */
export type Verdict =
  /** Its first byte. */
  | { kind: 'began' }
  /** The first of a stream's answer itself, to a client that did not hold it back. */
  | {
      kind: 'spoke';
      ttftMs: number;
      expectedMs: number;
      /** What the plan has for it with nobody waiting, where one covers it. */
      plannedMs?: number;
    }
  /** It was given up for a quicker site, before its first byte. */
  | { kind: 'overtaken'; ttftMs: number; expectedMs: number }
  /** Its last byte, too. */
  | { kind: 'answered' }
  /** The site is too busy: asked again no sooner than at `retryAtMs`, where it said so. */
  | { kind: 'busy'; retryAtMs?: number }
  | { kind: 'failed' }
  /** It failed, perhaps by the request's fault; both are named so that others' can be told from it. */
  | { kind: 'suspect'; client: string; request: string };

/**
 * What one isolate has seen of the sites, from the requests it sent them, and what it was told of
 * them. Sites are ordered by it, never refused: the last resort of a request is a site thought ill.
 * Only a site that asked not to be asked is left out, until then.
 */
export class SiteHealth {
  readonly #records = new Map<string, SiteRecord>();
  readonly #limits: ReadonlyMap<string, SiteLimits>;
  readonly #onEject: (site: string, reason: EjectionReason) => void;
  #toldDown: ReadonlySet<string> = new Set();
  #tallies: Record<string, Tally> = {};
  /** Why each site was put out of use last. */
  readonly #ejectedFor = new Map<string, EjectionReason>();

  /** @param onEject is told of every site put out of use, and why */
  constructor(
    limits: ReadonlyMap<string, SiteLimits>,
    onEject: (site: string, reason: EjectionReason) => void = () => {},
  ) {
    this.#limits = limits;
    this.#onEject = onEject;
  }

  record(site: string): SiteRecord {
    let record = this.#records.get(site);
    if (record === undefined) {
      record = new SiteRecord(this.#limits.get(site)?.concurrency ?? 1);
      this.#records.set(site, record);
    }
    return record;
  }

  /** Sites that others found down; takes the place of what was told before. */
  tell(down: Iterable<string>): void {
    this.#toldDown = new Set(down);
  }

  /** An attempt begins: its site is at work until {@link end}. */
  begin(site: string, nowMs: number): void {
    this.record(site).begin(nowMs);
  }

  end(site: string): void {
    this.record(site).end();
  }

  /** What the site did with an attempt. One that the client gave up says nothing of the site. */
  judge(site: string, verdict: Verdict, nowMs: number): void {
    const record = this.record(site);
    if (verdict.kind === 'answered' || verdict.kind === 'failed') this.#tally(site, verdict.kind);
    if (verdict.kind === 'began') {
      record.began(nowMs);
    } else if (verdict.kind === 'spoke' || verdict.kind === 'overtaken') {
      const { ttftMs, expectedMs } = verdict;
      // Of one that was given up the time is the least it would have been: little says nothing.
      if (verdict.kind === 'spoke' || ttftMs > expectedMs) record.timed(ttftMs, expectedMs, nowMs);
      if (verdict.kind === 'spoke') this.#tallyTime(site, ttftMs, expectedMs, verdict.plannedMs);
      if (this.#isSlow(record) && record.eject(nowMs)) this.#ejected(site, 'slow');
    } else if (verdict.kind === 'answered') {
      record.answered(nowMs);
    } else if (verdict.kind === 'busy') {
      record.busy(nowMs, verdict.retryAtMs);
    } else if (verdict.kind === 'failed') {
      if (record.failed(nowMs)) this.#ejected(site, 'failures');
    } else {
      const failures = record.suspected(verdict.client, verdict.request, nowMs);
      for (let n = 0; n < failures; n++) this.judge(site, { kind: 'failed' }, nowMs);
    }
  }

  /** Attempts that ended since this was last called, by site, and all sites that are out of use. */
  takeTallies(nowMs: number): Record<string, Tally> {
    // Said each time while it is so: a site that hangs is heard of only when its deadline passes.
    for (const [site, record] of this.#records) if (record.isOutOrTried(nowMs)) this.#tallyOf(site);
    const tallies = this.#tallies;
    for (const [site, tally] of Object.entries(tallies)) {
      // Answers to requests from before say nothing of how it is now.
      if (this.#records.get(site)?.isDoubted) tally.ejected = this.#ejectedFor.get(site);
    }
    this.#tallies = {};
    return tallies;
  }

  /** Forgets all it has seen. */
  clear(): void {
    this.#records.clear();
    this.#toldDown = new Set();
  }

  isOut(site: string, nowMs: number): boolean {
    return this.#toldDown.has(site) || (this.#records.get(site)?.isEjected(nowMs) ?? false);
  }

  /**
   * The same sites in the order they are to be asked: as given, those at their limit later, those out
   * of use last, and without those that are not to be asked yet.
   */
  order(sites: readonly string[], nowMs: number): readonly string[] {
    if (this.#areWell(sites, nowMs)) return sites;
    const out = sites.filter((s) => this.isOut(s, nowMs));
    const isPanic = this.#capacity(out) > PANIC_SHARE * this.#capacity(sites);
    const rank = (site: string) => {
      if (!isPanic && out.includes(site)) return 2;
      return this.#records.get(site)?.isFull ? 1 : 0;
    };
    const ranks = sites.map(rank);
    const asked = ranks.every((r) => r === 0)
      ? sites
      : [0, 1, 2].flatMap((r) => sites.filter((_, n) => ranks[n] === r));
    return asked.filter((s) => this.retryAtMs(s) <= nowMs);
  }

  /** Whether there is nothing to say against any of them, as nearly always. */
  #areWell(sites: readonly string[], nowMs: number): boolean {
    for (const site of sites) {
      if (this.#toldDown.has(site)) return false;
      const record = this.#records.get(site);
      if (record === undefined) continue;
      if (record.isFull || record.retryAtMs > nowMs || record.isEjected(nowMs)) return false;
    }
    return true;
  }

  /** When a site may be asked again, by its own word; in the past if it said nothing. */
  retryAtMs(site: string): number {
    return this.#records.get(site)?.retryAtMs ?? 0;
  }

  /** TTFT against expectation, as lately seen; undefined where too little was. */
  slowness(site: string): number | undefined {
    return this.#records.get(site)?.slowness;
  }

  #ejected(site: string, reason: EjectionReason): void {
    this.#tallyOf(site).ejected = reason;
    this.#ejectedFor.set(site, reason);
    this.#onEject(site, reason);
  }

  #tally(site: string, kind: 'answered' | 'failed'): void {
    this.#tallyOf(site)[kind === 'answered' ? 'good' : 'bad']++;
  }

  #tallyTime(site: string, ttftMs: number, expectedMs: number, plannedMs?: number): void {
    const tally = this.#tallyOf(site);
    tally.timed ??= { count: 0, ttftMs: 0, expectedMs: 0 };
    tally.timed.count++;
    tally.timed.ttftMs += ttftMs;
    tally.timed.expectedMs += expectedMs;
    if (plannedMs === undefined) return;
    tally.planned ??= { count: 0, ttftMs: 0, plannedMs: 0 };
    tally.planned.count++;
    tally.planned.ttftMs += ttftMs;
    tally.planned.plannedMs += plannedMs;
  }

  #tallyOf(site: string): Tally {
    this.#tallies[site] ??= { good: 0, bad: 0 };
    return this.#tallies[site];
  }

  #capacity(sites: readonly string[]): number {
    return sites.reduce((sum, s) => sum + (this.#limits.get(s)?.capacity ?? 1), 0);
  }

  /** Far slower than expected, and than the others are: long prompts slow all of them alike. */
  #isSlow(record: SiteRecord): boolean {
    const own = record.slowness;
    if (own === undefined) return false;
    const others = [...this.#records.values()]
      .filter((r) => r !== record)
      .flatMap((r) => r.slowness ?? [])
      .sort((a, b) => a - b);
    if (others.length < 2) return false;
    const median = others[Math.floor(others.length / 2)] as number;
    return own > SLOW_FACTOR * Math.max(1, median);
  }
}

/** A site this many times slower than the others is no use to a session that could go elsewhere. */
const SLOW_FACTOR = 8;
