import { DurableObject } from 'cloudflare:workers';
import type { PublicSite } from '../core/model/fleet.ts';
import { applyOverrides } from '../core/model/overrides.ts';
import {
  countRequests,
  type Drift,
  judgeWindow,
  lossAsksForPlan,
  noDrift,
} from '../core/planning/drift.ts';
import { slotAt } from '../core/planning/plan.ts';
import { windowEnds } from '../core/planning/watch-windows.ts';
import {
  attemptsAt,
  type BoardEntry,
  isInQuestion,
  newEntry,
  type Tally,
  type Trouble,
  takeProbe,
  takeTally,
  timesAt,
  troubleOf,
} from '../core/routing/board.ts';
import { readOverrides } from '../store/overrides.ts';
import { currentVersion, readPlan } from '../store/plans.ts';
import { type Env, elapsedMs, now } from './env.ts';
import { fleet } from './fleet.ts';
import { optimize } from './optimize.ts';
import { lateSites } from './ttft-watch.ts';
import { upstreamKey, upstreamUrl } from './upstream.ts';

/** Sites in question are probed this often. */
const PROBE_PAUSE_MS = 15_000;
/** After a change, before a new plan is asked for: sites fail and come back together. */
const DEBOUNCE_MS = 10_000;
const PROBE_DEADLINE_MS = 5000;
/** Cloudflare lets one invocation wait for the headers of six connections at once. */
const PROBES_AT_ONCE = 6;

/** Its trouble, attempts of about the last minute, times to first token of about the last quarter of an hour. */
export interface KnownSite extends Pick<BoardEntry, 'timed' | 'planned'> {
  trouble?: Trouble;
  attempts: { good: number; bad: number };
}

/**
 * What all isolates together know of the sites: which are down. Isolates report in the background, and
 * learn by the answer; probes find out about sites without traffic. When a site goes down or comes
 * back, or demand leaves what was planned for, a new plan is asked for; while a site is down, one every few
 * minutes.
 */
export class SiteBoard extends DurableObject<Env> {
  /**
   * An isolate's attempts since it last reported, by site. Returns the sites that are down.
   * @param isolate its name
   */
  async exchange(tallies: Record<string, Tally>, isolate: string): Promise<string[]> {
    const entries = await this.#entries();
    const nowMs = Date.now();
    let changed = false;
    for (const { id } of fleet.sites) {
      const tally = tallies[id];
      if (!tally) continue;
      const entry = entries[id] ?? newEntry();
      entries[id] = entry;
      changed = takeTally(entry, tally, isolate, nowMs) || changed;
    }
    await this.#keep(entries, changed ? 'site-down' : undefined);
    await this.#watchDemand(tallies);
    const late = await lateSites(this.ctx.storage, this.env, tallies);
    if (late.length > 0) {
      console.warn(`later to the first token than planned: ${late.join(', ')}`);
      await this.planSoon('ttft');
    }
    return downIn(entries);
  }

  async down(): Promise<string[]> {
    return downIn(await this.#entries());
  }

  /** What is known of every site that anything is known of. */
  async known(): Promise<Record<string, KnownSite>> {
    const nowMs = Date.now();
    return Object.fromEntries(
      Object.entries(await this.#entries()).map(([id, entry]) => [
        id,
        {
          trouble: troubleOf(entry, nowMs),
          attempts: attemptsAt(entry, nowMs),
          ...timesAt(entry, nowMs),
        },
      ]),
    );
  }

  /** Asks for a new plan, soon: changes come together. */
  async planSoon(trigger: string): Promise<void> {
    await this.ctx.storage.put('change', { trigger, sinceMs: Date.now() });
    await this.#schedule(await this.#entries());
  }

  /** Asks for a plan where far more or far less comes than the plan in force was made for. */
  async #watchDemand(tallies: Record<string, Tally>): Promise<void> {
    // A plan made for the population's demand would be the same again.
    if (this.env.DEMAND === 'population') return;
    const nowMs = Date.now();
    const requests = Object.values(tallies).reduce((sum, { good, bad }) => sum + good + bad, 0);
    const before = (await this.ctx.storage.get<Drift>('drift')) ?? noDrift(nowMs);
    const drift = countRequests(before, requests, nowMs);
    if (!windowEnds(drift, nowMs)) return this.ctx.storage.put('drift', drift);
    // Reports go on coming while the plan is read.
    await this.ctx.storage.put('drift', { ...drift, fromMs: nowMs, requests: 0 });
    const planned = await plannedReqPerS(this.env);
    if (planned === undefined) return;
    const { drift: judged, isDrifting } = judgeWindow(drift, planned, nowMs);
    const since = (await this.ctx.storage.get<Drift>('drift')) ?? noDrift(nowMs);
    const { off, quietUntilMs } = judged;
    await this.ctx.storage.put('drift', { ...since, off, quietUntilMs });
    if (!isDrifting) return;
    console.warn(`demand has left the ${planned.toFixed(2)} requests/s planned for`);
    await this.planSoon('drift');
  }

  /** Probes every site of the registry. */
  async probeAll(): Promise<void> {
    await this.#probe(fleet.sites);
  }

  override async alarm(): Promise<void> {
    const entries = await this.#entries();
    const nowMs = Date.now();
    const inQuestion = (id: string) => isInQuestion(entries[id] ?? newEntry(), nowMs);
    await this.#probe(fleet.sites.filter((s) => inQuestion(s.id)));
    await this.#planAnew();
    await this.#schedule(await this.#entries());
  }

  async #probe(sites: readonly PublicSite[]): Promise<void> {
    const ends: { id: string; succeeded: boolean }[] = [];
    for (let n = 0; n < sites.length; n += PROBES_AT_ONCE) {
      const some = sites.slice(n, n + PROBES_AT_ONCE);
      const probed = some.map(async (site) => ({
        id: site.id,
        succeeded: await answers(this.env, site),
      }));
      ends.push(...(await Promise.all(probed)));
    }
    // Read again: isolates have reported meanwhile.
    const entries = await this.#entries();
    const nowMs = Date.now();
    let trigger: string | undefined;
    for (const { id, succeeded } of ends) {
      const entry = entries[id] ?? newEntry();
      entries[id] = entry;
      if (takeProbe(entry, succeeded, nowMs)) trigger = succeeded ? 'site-up' : 'site-down';
    }
    await this.#keep(entries, trigger);
  }

  /** Asks for a plan if one is due, and again if a run from before is still under way. */
  async #planAnew(): Promise<void> {
    const trigger = await this.#dueTrigger();
    if (trigger === undefined) return;
    try {
      const down = await this.down();
      const { requestedUtcMs } = await optimize(this.env, trigger, undefined, down);
      // Else a run from before the change is still under way.
      const isNew = elapsedMs(this.env, requestedUtcMs) < DEBOUNCE_MS;
      if (!isNew) return;
      await this.ctx.storage.delete('change');
      await this.ctx.storage.put('plannedMs', Date.now());
    } catch (error) {
      console.error(`no plan could be asked for after ${trigger}: ${error}`);
    }
  }

  /** Of a change, once it has settled; else of sites that go on being down. */
  async #dueTrigger(): Promise<string | undefined> {
    const nowMs = Date.now();
    const change = await this.ctx.storage.get<{ trigger: string; sinceMs: number }>('change');
    if (change) return nowMs - change.sinceMs < DEBOUNCE_MS ? undefined : change.trigger;
    const plannedMs = (await this.ctx.storage.get<number>('plannedMs')) ?? 0;
    const entries = await this.#entries();
    const down = downIn(entries);
    if (down.length === 0) return undefined;
    // A site that is switched off on purpose, or that the registry has no more, is no loss.
    const open = new Set(await openSites(this.env));
    const since = down.flatMap((id) => (open.has(id) ? (entries[id]?.downSinceMs ?? []) : []));
    return lossAsksForPlan(since, plannedMs, nowMs) ? 'site-down' : undefined;
  }

  async #entries(): Promise<Record<string, BoardEntry>> {
    return (await this.ctx.storage.get<Record<string, BoardEntry>>('entries')) ?? {};
  }

  async #keep(entries: Record<string, BoardEntry>, trigger: string | undefined): Promise<void> {
    await this.ctx.storage.put('entries', entries);
    if (trigger) {
      console.warn(`${trigger}: down are now ${downIn(entries).join(', ') || 'none'}`);
      await this.ctx.storage.put('change', { trigger, sinceMs: Date.now() });
    }
    await this.#schedule(entries);
  }

  /** The next alarm, while there is anything to find out or to ask for. */
  async #schedule(entries: Record<string, BoardEntry>): Promise<void> {
    const nowMs = Date.now();
    const isOpen = Object.values(entries).some((entry) => isInQuestion(entry, nowMs));
    if (!isOpen && (await this.ctx.storage.get('change')) === undefined) return;
    if ((await this.ctx.storage.getAlarm()) !== null) return;
    await this.ctx.storage.setAlarm(Date.now() + PROBE_PAUSE_MS);
  }
}

/** Sites that plans use, by the registry and what the operator has set since; all, if that cannot be read. */
async function openSites(env: Env): Promise<string[]> {
  try {
    const { sites } = applyOverrides(fleet, await readOverrides(env.DB));
    return sites.filter(({ state }) => state === 'active').map(({ id }) => id);
  } catch (error) {
    console.error(`which sites are drained cannot be read: ${(error as Error).message}`);
    return fleet.sites.map(({ id }) => id);
  }
}

/** What the plan in force was made for at present; undefined where it does not say or cannot be read. */
async function plannedReqPerS(env: Env): Promise<number | undefined> {
  try {
    const version = await currentVersion(env.DB);
    const plan = version === undefined ? undefined : await readPlan(env.DB, version);
    const classes = plan?.demand?.[slotAt(plan.header, now(env)).slot];
    if (classes === undefined) return undefined;
    const zones = Object.values(classes).flatMap((byZone) => Object.values(byZone));
    return zones.reduce((sum, reqPerS) => sum + reqPerS, 0);
  } catch (error) {
    console.error(`the demand planned for cannot be read: ${(error as Error).message}`);
    return undefined;
  }
}

function downIn(entries: Record<string, BoardEntry>): string[] {
  return fleet.sites.map((s) => s.id).filter((id) => entries[id]?.downSinceMs !== undefined);
}

/** Whether a site lists its models. */
async function answers(env: Env, site: PublicSite): Promise<boolean> {
  try {
    const key = upstreamKey(env, site.id);
    const response = await fetch(upstreamUrl(env, site, '/v1/models'), {
      headers: key ? { authorization: `Bearer ${key}` } : {},
      redirect: 'manual',
      signal: AbortSignal.timeout(PROBE_DEADLINE_MS),
    });
    await response.body?.cancel();
    // A site that has too much to do is up.
    return response.ok || response.status === 429;
  } catch {
    return false;
  }
}
