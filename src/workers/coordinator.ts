import { DurableObject } from 'cloudflare:workers';
import type { PublicFleet, PublicSite } from '../core/model/fleet.ts';
import { applyOverrides, type Overrides } from '../core/model/overrides.ts';
import { solverOf } from '../core/model/solver-name.ts';
import { applySpeeds } from '../core/model/speed.ts';
import { absorb, begin, incumbent, propose, stopReason } from '../core/optimizer/consensus.ts';
import { planImpacts, rowImpacts, toldImpacts } from '../core/optimizer/impacts.ts';
import { leaveOut, restoreExclusions } from '../core/optimizer/participation.ts';
import { assertProblem, type DispatchProblem } from '../core/optimizer/problem.ts';
import { roundTiming } from '../core/optimizer/round-timing.ts';
import {
  hasBudget,
  type Settings,
  type SettingsInput,
  type StopReason,
  settingsSchema,
} from '../core/optimizer/settings.ts';
import type { ConsensusState } from '../core/optimizer/state.ts';
import { arrivalPrices } from '../core/planning/arrival-prices.ts';
import { assembleDispatch } from '../core/planning/assemble.ts';
import { batchOutcomes } from '../core/planning/batch-outcome.ts';
import { beginBudget, budgetPrices, stepSettings } from '../core/planning/budget.ts';
import { budgetPlan } from '../core/planning/budget-plan.ts';
import { assertInputs, type PlanningInputs } from '../core/planning/inputs.ts';
import { jobOutcomes, ownWork } from '../core/planning/jobs.ts';
import { summarize } from '../core/planning/outcome.ts';
import { demandOf, pricesOf, sharesOf, traceRound, unservedOf } from '../core/planning/plan.ts';
import { backWork, putOffOf } from '../core/planning/put-off.ts';
import { limitRises, standingLoads } from '../core/planning/ramp.ts';
import { siteHoursOf } from '../core/planning/site-hours.ts';
import { learnedCurves, warmCurves } from '../core/planning/warm-start.ts';
import { publishPlan } from '../store/plans.ts';
import { absorbOptimization, nextOptimization } from './budget-run.ts';
import { type Env, elapsedMs, now, numberVar } from './env.ts';
import { fleetDigest, fleet as registry } from './fleet.ts';
import { askSites, roundsPerAlarm } from './rounds.ts';
import { type Run, type RunRecord, RunStore } from './run-store.ts';
import { standingTraffic } from './standing.ts';

/** An optimization still without a plan after this long publishes the best it has, or fails. */
const RUN_DEADLINE_MS = 120_000;

export interface StartRequest {
  /** By which the caller knows whether the run it gets is the one it asked for. */
  runId?: string;
  trigger: string;
  inputs: PlanningInputs;
  settings?: SettingsInput;
  overrides: Overrides;
  /** Sites whose servers are down: planned without, unless they are most of the fleet. */
  down?: string[];
}

/**
 * With more of the fleet's servers than this out of the optimization the fault is likelier here than
 * there, and the last plan a better guess than one made without most sites.
 */
const MAX_EXCLUDED_SHARE = 0.5;

/** Missing sites a round's record names; `answered` counts them all. A record is one stored value. */
const MISSING_NAMED = 50;
/** Less of all demand than this is unserved by rounding only. */
const UNSERVED_NOISE = 1e-9;
/** Times of single sites that a run keeps of its first rounds: its record is one value of 2 MB at most. */
const MOST_TIMES = 10_000;

/**
 * Runs the rounds. A run lives in storage and moves by alarms: each loads it, runs a few rounds,
 * checkpoints and sets the next, so that an eviction costs at most those rounds. The mathematics is
 * in core/; this class loads, steps, checkpoints and publishes.
 */
export class Coordinator extends DurableObject<Env> {
  readonly #store: RunStore;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#store = new RunStore(ctx.storage);
  }

  /** Begins a run, unless one is under way: then that one is returned. */
  async start(request: StartRequest): Promise<RunRecord> {
    let running = await this.#underWay();
    if (running) return running;
    // While D1 answers, another call may begin a run.
    const { traffic, fault } = registry.ramp ? await standingTraffic(this.env.DB) : {};
    running = await this.#underWay();
    if (running) return running;
    const nowMs = now(this.env);
    const { overrides } = request;
    const inputs = { ...request.inputs, ...(fault !== undefined && { rampFault: fault }) };
    const fleet = fleetOf(request);
    assertInputs(fleet, inputs);
    const settings = settingsSchema.parse(request.settings ?? {});
    const { problem } = problemOf({ inputs, overrides });
    const standing = traffic && standingLoads(problem, fleet, inputs, traffic);
    limitRises(problem, fleet, standing);
    assertProblem(problem);
    const record: RunRecord = {
      runId: request.runId ?? crypto.randomUUID(),
      trigger: request.trigger,
      status: 'running',
      requestedUtcMs: nowMs,
      startUtcMs: inputs.startUtcMs,
      mode: settings.mode,
      gapTarget: settings.gapTarget,
      rounds: [],
      placements: {},
    };
    const learned = await this.#store.learned();
    const budget = hasBudget(settings)
      ? { search: beginBudget(settings.budgets), excluded: 0 }
      : undefined;
    const first = budget ? stepSettings(settings) : settings;
    const down = sitesLeftOut(fleet, request.down ?? []);
    for (const j of down) problem.sites[j]?.maxLoad.fill(0);
    const state = begin(problem, first, warmCurves(fleet, inputs, learned));
    for (const j of down) leaveOut(problem, state, j, 'its server is down');
    await this.#store.create({
      record,
      settings,
      inputs,
      standing,
      state,
      budget,
      fleetDigest: fleetDigest(),
      overrides,
    });
    await this.#schedule();
    return record;
  }

  /** The run that is under way, unless it has been for too long. */
  async #underWay(): Promise<RunRecord | undefined> {
    const run = await this.#store.record();
    if (run?.status !== 'running') return undefined;
    if (elapsedMs(this.env, run.requestedUtcMs) >= 2 * RUN_DEADLINE_MS) return undefined;
    // Should its alarm have been lost, this revives it.
    if ((await this.ctx.storage.getAlarm()) === null) await this.#schedule();
    return run;
  }

  /** The latest run and those that ended, newest first. */
  async runs(): Promise<{ latest: RunRecord | undefined; ended: RunRecord[] }> {
    return { latest: await this.#store.record(), ended: await this.#store.history() };
  }

  override async alarm(): Promise<void> {
    const run = await this.#loadOrFail();
    if (run === undefined) return;
    try {
      const reason = await this.#step(run);
      if (reason === undefined) {
        await this.#store.checkpoint(run);
        await this.#schedule();
        return;
      }
      await this.#publish(run, reason);
    } catch (error) {
      await this.#fail(run.record, error);
    }
  }

  #schedule(): Promise<void> {
    const pauseMs = numberVar(this.env.ALARM_PAUSE_MS, 0, 0, 60_000);
    return this.ctx.storage.setAlarm(Date.now() + pauseMs);
  }

  /** A stored run this version cannot read must not stop the next one from starting. */
  async #loadOrFail(): Promise<Run | undefined> {
    try {
      const run = await this.#store.load();
      if (run && run.fleetDigest !== fleetDigest()) {
        throw new Error('the fleet changed while the run was under way');
      }
      return run;
    } catch (error) {
      const record = await this.#store.record();
      if (record) await this.#fail(record, error);
      return undefined;
    }
  }

  /** A bounded number of rounds. Returns why to stop, or undefined to go on. */
  async #step(run: Run): Promise<StopReason | undefined> {
    const { record, inputs, state, budget } = run;
    const fleet = fleetOf(run);
    const settings = budget ? stepSettings(run.settings, budget.search) : run.settings;
    const priced = budget
      ? { ...fleet, prices: budgetPrices(fleet.prices, budget.search.shadow) }
      : fleet;
    let { problem } = problemOf(run);
    const count = roundsPerAlarm(this.env.ROUNDS_PER_ALARM, solverCount);
    const deadlineMs = numberVar(this.env.ROUND_DEADLINE_MS, 5000, 10, 60_000);
    const round = { fleet: priced, inputs, runId: record.runId, deadlineMs };
    for (let n = 0; n < count; n++) {
      if (elapsedMs(this.env, record.requestedUtcMs) > RUN_DEADLINE_MS) return 'deadline';
      const begunMs = Date.now();
      const queries = propose(problem, state);
      const { replies, ...bytes } = await askSites(this.env, round, queries);
      const answers = replies.map((r) => r.answer);
      const report = absorb(problem, settings, state, queries, answers);
      replies.forEach((r, j) => {
        const id = fleet.sites[j]?.id as string;
        if (r.placement) record.placements[id] = r.placement;
        if (r.plantState) record.plantStates = { ...record.plantStates, [id]: r.plantState };
      });
      const ms = replies.map((r, j) => queries[j] && r.ms);
      const { siteMs, ...timing } = roundTiming(fleet.sites, ms, Date.now() - begunMs);
      const timed = fleet.sites.length * (record.rounds.length + 1) <= MOST_TIMES;
      record.rounds.push({
        ...report,
        round: record.rounds.length + 1,
        missing: report.missing.slice(0, MISSING_NAMED),
        ...bytes,
        ...timing,
        ...(timed && { siteMs }),
      });
      // With a site less, others may have to rise further.
      if (report.excluded.length > 0) problem = problemOf(run).problem;
      const reason = stopReason(settings, state);
      if (reason === undefined) continue;
      if (!budget || absorbOptimization(run, budget, problem)) return reason;
      run.state = nextOptimization(run, problem);
      return undefined;
    }
    return undefined;
  }

  async #publish(run: Run, reason: StopReason): Promise<void> {
    const { record, inputs, state, budget, overrides } = run;
    const fleet = fleetOf(run);
    const { problem, rampRelaxedSlots } = problemOf(run);
    // An optimization the deadline cut short may have found a plan, too.
    if (budget && reason === 'deadline') absorbOptimization(run, budget, problem);
    const kept = budget?.search.best && budgetPlan(budget.search);
    const best = kept ?? incumbent(state);
    const faults = state.sites
      .flatMap((s, j) => (s.fault ? [`${fleet.sites[j]?.id}: ${s.fault}`] : []))
      .slice(0, MISSING_NAMED)
      .join('; ');
    if (best === undefined) {
      throw new Error(`no certified plan after ${state.gaps.length} rounds (${faults})`);
    }
    if (excludedShare(fleet, state) > MAX_EXCLUDED_SHARE) {
      throw new Error(`most of the fleet gave no usable answer (${faults})`);
    }
    const { rowPrices, rowImpacts: impacts } = arrivalPrices(fleet, inputs, {
      rowPrices: best.rowPrices,
      rowImpacts: kept ? kept.rowImpacts : rowImpacts(problem, state),
    });
    const batch = batchOutcomes(fleet, problem, inputs.slotHours, best.flow, best.unserved);
    const jobs = jobOutcomes(
      inputs.jobs ?? [],
      problem,
      inputs.slotHours,
      best.flow,
      best.unserved,
    );
    const prices = kept ? budgetPrices(fleet.prices, kept.shadow) : fleet.prices;
    const disclosed = state.sites.map(toldImpacts);
    const outcome = summarize(registry, problem, inputs, best.flow, best.unserved);
    const plan = await publishPlan(
      this.env.DB,
      {
        schemaVersion: 1,
        runId: record.runId,
        createdUtcMs: now(this.env),
        startUtcMs: inputs.startUtcMs,
        slotCount: inputs.slotCount,
        slotHours: inputs.slotHours,
        certificate: best.certificate,
        rounds: record.rounds.length,
        trace: record.rounds.map(traceRound),
        mode: state.mode,
        stopReason: kept ? searchEnd(kept.certificate.gap, run.settings, reason) : reason,
        excluded: state.sites.flatMap((s, j) =>
          s.excluded ? [{ site: fleet.sites[j]?.id as string, reason: s.fault ?? 'out' }] : [],
        ),
        nearestShare: outcome.nearestShare,
        unservedShare: outcome.unservedShare,
        ...(batch.length > 0 && { batch }),
        ...(jobs.length > 0 && { jobs }),
        ...(inputs.jobsFault !== undefined && { jobsFault: inputs.jobsFault }),
        ...(rampRelaxedSlots.length > 0 && { rampRelaxedSlots }),
        ...(inputs.rampFault !== undefined && { rampFault: inputs.rampFault }),
        budgets: kept?.budgets,
        impacts: kept ? kept.impacts : planImpacts(problem, state, best.flow),
        impactPrices: { carbonAudPerT: prices.carbonAudPerT, waterAudPerKl: prices.waterAudPerKl },
        ...(overrides.revision > 0 && { overrides }),
        demand: inputs.demandSource,
        ...(inputs.speedsFault !== undefined && { speedsFault: inputs.speedsFault }),
        sites: outcome.sites.map((s) => ({
          ...s,
          placement: record.placements[s.site],
          ...(inputs.speeds?.[s.site] && { speed: inputs.speeds[s.site] }),
        })),
      },
      eachOf(best.flow, (flow) => sharesOf(fleet, problem, flow)),
      eachOf(rowPrices, (rows, t) => pricesOf(fleet, rows, inputs.slotHours, impacts?.[t])),
      eachOf(best.flow, (_, t) => siteHoursOf(fleet, inputs, t, disclosed)),
      putOffOf(fleet, problem, inputs, best.flow, best.unserved),
      eachOf(best.flow, (_, t) => demandOf(fleet, inputs, t)),
      outcome.unservedShare > UNSERVED_NOISE
        ? eachOf(best.unserved, (lost, t) => unservedOf(fleet, inputs, lost, t))
        : undefined,
    );
    record.status = 'published';
    record.planVersion = plan.header.version;
    record.endedUtcMs = now(this.env);
    await this.#store.end(record, learnedCurves(fleet, inputs, problem, state));
  }

  /** The last plan stays current; the failure is kept and shown. */
  async #fail(record: RunRecord, error: unknown): Promise<void> {
    record.status = 'failed';
    record.error = error instanceof Error ? error.message : String(error);
    record.endedUtcMs = now(this.env);
    console.error(`optimization ${record.runId} failed: ${record.error}`);
    await this.#store.end(record);
  }
}

/** The fleet that a run plans for: as operators want it, and as fast as it was measured to be. */
function fleetOf({ inputs, overrides }: Pick<Run, 'inputs' | 'overrides'>): PublicFleet {
  return applySpeeds(applyOverrides(registry, overrides), inputs.speeds);
}

/** A run's problem: without the sites that are out, and with limits on rises. */
function problemOf({
  inputs,
  standing,
  state,
  overrides,
}: Pick<Run, 'inputs' | 'standing' | 'overrides'> & Partial<Run>): {
  problem: DispatchProblem;
  rampRelaxedSlots: number[];
} {
  const fleet = fleetOf({ inputs, overrides });
  const problem = assembleDispatch(fleet, inputs, inputs.demandReqPerS, [
    ...backWork(fleet, inputs),
    ...ownWork(fleet, inputs),
  ]);
  if (state) restoreExclusions(problem, state);
  return { problem, rampRelaxedSlots: limitRises(problem, fleet, standing) };
}

/** What `of` makes of every item, made when it is asked for. */
function eachOf<T, R>(items: readonly T[], of: (item: T, t: number) => R): Iterable<R> {
  return {
    *[Symbol.iterator]() {
      for (const [t, item] of items.entries()) yield of(item, t);
    },
  };
}

/** Workers a round asks. */
const solverCount = new Set(registry.sites.map(solverOf)).size;

/** Why a search within budgets ended, its last optimization having ended by `reason`. */
function searchEnd(gap: number, settings: Settings, reason: StopReason): StopReason {
  if (gap <= settings.gapTarget) return 'gap';
  return reason === 'gap' ? 'rounds' : reason;
}

/** Places of sites that are down; none where it is most of the fleet, when the fault is likelier here. */
function sitesLeftOut(fleet: PublicFleet, down: readonly string[]): number[] {
  const isDown = ({ id }: PublicSite) => down.includes(id);
  if (shareOfActive(fleet, isDown) > MAX_EXCLUDED_SHARE) return [];
  return fleet.sites.flatMap((site, j) => (isDown(site) ? [j] : []));
}

/** Share of the fleet's servers at sites that are out of the optimization by a fault. */
function excludedShare(fleet: PublicFleet, state: ConsensusState): number {
  return shareOfActive(fleet, (_, j) => state.sites[j]?.excluded === true);
}

/** Share of the servers of sites that are to serve: what is drained on purpose counts for nothing. */
function shareOfActive(fleet: PublicFleet, is: (site: PublicSite, j: number) => boolean): number {
  const servers = (of: (site: PublicSite, j: number) => boolean) =>
    fleet.sites.reduce(
      (sum, s, j) => sum + (s.state === 'active' && of(s, j) ? s.hardware.servers : 0),
      0,
    );
  const all = servers(() => true);
  return all > 0 ? servers(is) / all : 0;
}
