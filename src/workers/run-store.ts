import type { Overrides } from '../core/model/overrides.ts';
import type { RowImpacts } from '../core/optimizer/impacts.ts';
import type { Settings } from '../core/optimizer/settings.ts';
import type {
  ConsensusState,
  RoundReport,
  RoundTiming,
  SiteState,
  SlotState,
} from '../core/optimizer/state.ts';
import type { PlanningInputs, SiteSeries } from '../core/planning/inputs.ts';
import type { StandingLoads } from '../core/planning/ramp.ts';
import type { PlantStateSource } from '../core/planning/round-wire.ts';
import type { LearnedCurves } from '../core/planning/warm-start.ts';
import type { BudgetRun } from './budget-run.ts';

/** One optimization, as it is shown and remembered. */
export interface RunRecord {
  runId: string;
  /** What asked for it: `cron`, `admin`, … */
  trigger: string;
  status: 'running' | 'published' | 'failed';
  requestedUtcMs: number;
  endedUtcMs?: number;
  /** Beginning of the horizon. */
  startUtcMs: number;
  mode: Settings['mode'];
  gapTarget: number;
  rounds: (RoundReport &
    RoundTiming & {
      /** To all solvers, and back. Absent in runs of versions that did not count. */
      sentBytes?: number;
      receivedBytes?: number;
    })[];
  /** Site id to `cf-placement` of its latest answer. */
  placements: Record<string, string>;
  /** Site id to whether its plant was planned with as reported; of sites that are to report. */
  plantStates?: Record<string, PlantStateSource>;
  planVersion?: number;
  error?: string;
}

/** All of a running optimization between two alarms. */
export interface Run {
  record: RunRecord;
  settings: Settings;
  inputs: PlanningInputs;
  state: ConsensusState;
  /** What the plan in force would load sites with, over which rises are limited. */
  standing?: StandingLoads;
  /** Where budgets take several optimizations: the search that `state` is a step of. */
  budget?: BudgetRun;
  /** Of the registry it began with: its arrays are in that one's order. */
  fleetDigest: string;
  /** What the operator had set when it began; it holds to the end of the run. */
  overrides: Overrides;
}

const HISTORY = 20;
/** Last rounds kept of an ended run; the latest run keeps all of them, and where solvers ran. */
const ROUNDS_IN_HISTORY = 8;
/** Durable Object storage takes at most 128 keys in one put; a value at most 2 MB. */
const KEYS_PER_PUT = 128;

function moving({ record, state, budget }: Run): [string, unknown][] {
  const { sites, slots, ...consensus } = state;
  return [
    ...budgetEntries(budget),
    ['run', record],
    ['consensus', consensus],
    ...sites.map((s, j): [string, unknown] => [`site/${j}`, s]),
    ...slots.map((s, t): [string, unknown] => [`slot/${t}`, s]),
  ];
}

/**
 * The coordinator's memory: one key a site and a slot, so that no value nears 2 MB however many
 * sites there are. Writes of one checkpoint are made without awaiting between them, which a Durable
 * Object commits as one.
 */
export class RunStore {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Writes all of a new run. */
  async create(run: Run): Promise<void> {
    const { sites: series, ...inputs } = run.inputs;
    const unchanging: [string, unknown][] = [
      ['settings', run.settings],
      ['inputs', { ...inputs, siteCount: series.length }],
      ['fleet', run.fleetDigest],
      ['overrides', run.overrides],
      ['standing', run.standing ?? null],
      ...series.map((s, j): [string, unknown] => [`series/${j}`, s]),
    ];
    await Promise.all(this.#putAll([...unchanging, ...moving(run)]));
  }

  /** Writes what rounds have changed. */
  async checkpoint(run: Run): Promise<void> {
    await Promise.all(this.#putAll(moving(run)));
  }

  /** The stored run, or undefined when there is none or it has ended. */
  async load(): Promise<Run | undefined> {
    const record = await this.record();
    if (record?.status !== 'running') return undefined;
    const inputs = await this.#need<Omit<PlanningInputs, 'sites'> & { siteCount: number }>(
      'inputs',
    );
    const { siteCount, ...rest } = inputs;
    const [settings, consensus, fleetDigest, overrides, standing, series, sites, slots] =
      await Promise.all([
        this.#need<Settings>('settings'),
        this.#need<Omit<ConsensusState, 'sites' | 'slots'>>('consensus'),
        this.#need<string>('fleet'),
        this.#need<Overrides>('overrides'),
        // Null without limits on rises. A run that lacks it has limits of another version, which hold in
        // the bounds it has proven: it cannot go on without them.
        this.#need<StandingLoads | null>('standing'),
        this.#list<SiteSeries>('series', siteCount),
        this.#list<SiteState>('site', siteCount),
        this.#list<SlotState>('slot', inputs.slotCount),
      ]);
    const budget = await this.#budget(inputs.slotCount);
    return {
      record,
      settings,
      standing: standing ?? undefined,
      ...(budget && { budget }),
      inputs: { ...rest, sites: series },
      state: { ...consensus, sites, slots },
      fleetDigest,
      overrides,
    };
  }

  /** The latest run, running or ended. */
  record(): Promise<RunRecord | undefined> {
    return this.#storage.get<RunRecord>('run');
  }

  /** Ends a run: its record goes to the history, its state away. */
  async end(record: RunRecord, learned?: LearnedCurves): Promise<void> {
    const rounds = record.rounds.slice(-ROUNDS_IN_HISTORY);
    const brief: RunRecord = { ...record, rounds, placements: {} };
    const history = [brief, ...(await this.history())].slice(0, HISTORY);
    // Earlier versions kept `loads`, later `traffic`, of the plan that D1 has.
    const stale = ['budget', 'standing', 'loads'];
    for (const prefix of ['series/', 'site/', 'slot/', 'kept/', 'traffic']) {
      stale.push(...(await this.#storage.list({ prefix })).keys());
    }
    const writes: Promise<unknown>[] = [this.#storage.put({ run: record, history })];
    if (learned) {
      const { sites, ...layout } = learned;
      const siteIds = Object.keys(sites);
      writes.push(this.#storage.put('learned', { ...layout, siteIds }));
      const entries = siteIds.map((id): [string, unknown] => [`learned/${id}`, sites[id]]);
      writes.push(...this.#putAll(entries));
    }
    for (let from = 0; from < stale.length; from += KEYS_PER_PUT) {
      writes.push(this.#storage.delete(stale.slice(from, from + KEYS_PER_PUT)));
    }
    await Promise.all(writes);
  }

  /** Ended runs, newest first. */
  async history(): Promise<RunRecord[]> {
    return (await this.#storage.get<RunRecord[]>('history')) ?? [];
  }

  /** What the last run that published left; undefined where it cannot be read whole. */
  async learned(): Promise<LearnedCurves | undefined> {
    const stored = await this.#storage.get<Omit<LearnedCurves, 'sites'> & { siteIds?: string[] }>(
      'learned',
    );
    if (!stored?.siteIds) return undefined;
    const { siteIds, ...layout } = stored;
    const sites: LearnedCurves['sites'] = {};
    for (let from = 0; from < siteIds.length; from += KEYS_PER_PUT) {
      const keys = siteIds.slice(from, from + KEYS_PER_PUT).map((id) => `learned/${id}`);
      for (const [key, curves] of await this.#storage.get<Float64Array>(keys)) {
        sites[key.slice('learned/'.length)] = curves;
      }
    }
    return { ...layout, sites };
  }

  async #budget(slotCount: number): Promise<BudgetRun | undefined> {
    const stored = await this.#storage.get<BudgetRun>('budget');
    if (!stored) return undefined;
    const { search, excluded } = stored;
    const slots = search.best ? await this.#list<KeptSlot>('kept', slotCount) : [];
    search.plans = search.plans.map((plan, i) => ({
      ...plan,
      flow: slots.map((s) => s.plans[i]?.flow as Float64Array),
      unserved: slots.map((s) => s.plans[i]?.unserved as Float64Array),
    }));
    if (search.best) {
      search.best.rowPrices = slots.map((s) => s.rowPrices);
      search.best.rowImpacts = slots.map((s) => s.rowImpacts as RowImpacts);
    }
    return { search, excluded };
  }

  #putAll(entries: [string, unknown][]): Promise<void>[] {
    const puts = [];
    for (let from = 0; from < entries.length; from += KEYS_PER_PUT) {
      puts.push(this.#storage.put(Object.fromEntries(entries.slice(from, from + KEYS_PER_PUT))));
    }
    return puts;
  }

  async #need<T>(key: string): Promise<T> {
    const value = await this.#storage.get<T>(key);
    if (value === undefined) throw new Error(`stored run lacks "${key}"`);
    return value;
  }

  async #list<T>(prefix: string, count: number): Promise<T[]> {
    const keys = Array.from({ length: count }, (_, i) => `${prefix}/${i}`);
    const found = new Map<string, T>();
    for (let from = 0; from < count; from += KEYS_PER_PUT) {
      const some = await this.#storage.get<T>(keys.slice(from, from + KEYS_PER_PUT));
      for (const [key, value] of some) found.set(key, value);
    }
    return keys.map((key) => {
      const value = found.get(key);
      if (value === undefined) throw new Error(`stored run lacks "${key}"`);
      return value;
    });
  }
}

/** What a search keeps of one slot. */
interface KeptSlot {
  plans: { flow: Float64Array; unserved: Float64Array }[];
  rowPrices: Float64Array;
  rowImpacts?: RowImpacts;
}

/** A search's figures under one key, and what it keeps of every slot under that slot's. */
function budgetEntries(budget: BudgetRun | undefined): [string, unknown][] {
  if (!budget) return [['budget', null]];
  const { plans, best, ...search } = budget.search;
  const brief = {
    ...search,
    plans: plans.map(({ flow: _, unserved: __, ...figures }) => figures),
    best: best && { boundAud: best.boundAud, shadow: best.shadow },
  };
  const slots = best?.rowPrices.map((rowPrices, t): [string, KeptSlot] => [
    `kept/${t}`,
    {
      plans: plans.map((p) => ({
        flow: p.flow[t] as Float64Array,
        unserved: p.unserved[t] as Float64Array,
      })),
      rowPrices,
      rowImpacts: best.rowImpacts?.[t],
    },
  ]);
  return [['budget', { search: brief, excluded: budget.excluded }], ...(slots ?? [])];
}
