import { DurableObject } from 'cloudflare:workers';
import { type CoolingState, coolingTimes, takePower } from '../core/learning/cooling.ts';
import { type FastSite, type PowerState, powerTimes, takeItPower } from '../core/learning/power.ts';
import type { ServedHour } from '../core/learning/served.ts';
import { InvalidInputError } from '../core/model/errors.ts';
import type { Site } from '../core/model/fleet.ts';
import {
  isAhead,
  isCurrent,
  type PlantState,
  parsePlantReport,
} from '../core/model/plant-state.ts';
import { readBody } from './read-body.ts';

/** Well within what a round waits for a site. */
const REPORT_DEADLINE_MS = 1500;
const MAX_REPORT_BYTES = 10_000;
/** One run is under way at a time; late queries of the one before do no harm. */
const RUNS_KEPT = 4;

interface PlantStatesEnv {
  /** Optional secret: bearer key that the site's energy management system asks for. */
  PLANT_STATE_KEY?: string;
}

/** What a run plans with; without a state, what the registry has. */
interface RunState {
  runId: string;
  state?: PlantState;
}

/**
 * One a site with `plantStateUrl`, in its solver's own Worker: what the site's plant is like, asked once
 * a run and the same to its end, whichever isolate answers a round. A cost that changed between two
 * rounds would make the bounds of the first untrue of the second. Nothing of it leaves the solver.
 */
export class PlantStates extends DurableObject<PlantStatesEnv> {
  /**
   * The state that the run plans with; undefined: the registry's, since nobody could tell another.
   * @param served what it had to do in the last hours
   */
  stateOf(
    site: FastSite,
    runId: string,
    startUtcMs: number,
    served: ServedHour[] = [],
  ): Promise<PlantState | undefined> {
    // The rounds of a run may come at once, and must hear the same.
    return this.ctx.blockConcurrencyWhile(async () => {
      const runs = (await this.ctx.storage.get<RunState[]>('runs')) ?? [];
      const known = runs.find((run) => run.runId === runId);
      if (known) return known.state;
      const report = await this.#report(site, startUtcMs, served);
      const state = report && { ...report, ...(await this.#learned(site)) };
      const run: RunState = { runId, state };
      await this.ctx.storage.put('runs', [run, ...runs].slice(0, RUNS_KEPT));
      return run.state;
    });
  }

  /**
   * A report that holds at this instant: a new one, else the latest. What it teaches is taken in apart:
   * a report that is too old to begin a plan with has its meters all the same.
   */
  async #report(
    site: FastSite,
    startUtcMs: number,
    served: ServedHour[],
  ): Promise<PlantState | undefined> {
    try {
      const report = await this.#ask(site, startUtcMs);
      // A clock that runs ahead would keep out the meters of the true hour.
      if (!isAhead(report, startUtcMs)) await this.#learn(site, report, served);
      if (!isCurrent(report, startUtcMs)) {
        throw new InvalidInputError('utc', ['utc: over an hour from the plan’s beginning']);
      }
      await this.ctx.storage.put('latest', report);
      return report;
    } catch (error) {
      console.warn(`plant report of ${site.id}: ${reasonOf(error)}`);
      const latest = await this.ctx.storage.get<PlantState>('latest');
      return latest && isCurrent(latest, startUtcMs) ? latest : undefined;
    }
  }

  /** What meters say of the site's cooling and servers, for this run and later ones. Never rejects. */
  async #learn(site: FastSite, { utcMs, power }: PlantState, served: ServedHour[]): Promise<void> {
    if (power === undefined) return;
    try {
      const { cooling, itPower } = await this.#states();
      const after = {
        cooling: takePower(cooling, site, utcMs, power),
        itPower: takeItPower(itPower, site, utcMs, power.itKw, served),
      };
      for (const [key, state] of Object.entries(after)) {
        if (state) await this.ctx.storage.put(key, state);
      }
    } catch (error) {
      console.error(`the meters of ${site.id} were not learned from: ${(error as Error).message}`);
    }
  }

  /** What was learned so far; where it cannot be read, the plan is made by the registry. */
  async #learned(site: Site): Promise<Pick<PlantState, 'coolingTimes' | 'powerTimes'>> {
    try {
      const { cooling, itPower } = await this.#states();
      const learned = {
        coolingTimes: coolingTimes(cooling, site),
        powerTimes: powerTimes(itPower, site),
      };
      // The solver's own log: it is told to nobody else.
      if (cooling ?? itPower) console.log(JSON.stringify({ site: site.id, ...learned }));
      return learned;
    } catch (error) {
      console.error(`${site.id} is planned by its registry: ${(error as Error).message}`);
      return {};
    }
  }

  async #states() {
    const { storage } = this.ctx;
    const [cooling, itPower] = await Promise.all([
      storage.get<CoolingState>('cooling'),
      storage.get<PowerState>('itPower'),
    ]);
    return { cooling, itPower };
  }

  async #ask(site: Site, startUtcMs: number): Promise<PlantState> {
    const url = new URL(site.cost.plantStateUrl as string);
    url.searchParams.set('site', site.id);
    url.searchParams.set('at', new Date(startUtcMs).toISOString());
    const { PLANT_STATE_KEY: key } = this.env;
    const response = await fetch(url, {
      headers: { accept: 'application/json', ...(key && { authorization: `Bearer ${key}` }) },
      // A redirect could carry the key to another host.
      redirect: 'manual',
      signal: AbortSignal.timeout(REPORT_DEADLINE_MS),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new InvalidInputError('answer', [`HTTP ${response.status}`]);
    }
    const body = await readBody(response, MAX_REPORT_BYTES);
    if (body === undefined) {
      throw new InvalidInputError('answer', [`over ${MAX_REPORT_BYTES} bytes`]);
    }
    let value: unknown;
    try {
      value = JSON.parse(new TextDecoder().decode(body));
    } catch {
      throw new InvalidInputError('answer', ['is not JSON']);
    }
    return parsePlantReport(site, value);
  }
}

/** Without figures, and without what the runtime says of a connection. */
function reasonOf(error: unknown): string {
  if (error instanceof InvalidInputError) return error.issues.join('; ');
  const late = error instanceof DOMException && error.name === 'TimeoutError';
  return late ? `no answer within ${REPORT_DEADLINE_MS} ms` : 'the connection failed';
}
