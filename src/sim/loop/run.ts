import type { DemandStates } from '../../core/forecast/demand.ts';
import { type Fleet, hasPlant, type PublicFleet } from '../../core/model/fleet.ts';
import { mayWait } from '../../core/model/request-class.ts';
import { MS_PER_HOUR } from '../../core/model/units.ts';
import { type DispatchProblem, rowCount } from '../../core/optimizer/problem.ts';
import { assembleDispatch } from '../../core/planning/assemble.ts';
import { lossAsksForPlan } from '../../core/planning/drift.ts';
import type { PlanningInputs } from '../../core/planning/inputs.ts';
import { Ledger } from '../../core/planning/ledger.ts';
import type { PutOff } from '../../core/planning/put-off.ts';
import type { SpanTotals } from '../../core/planning/span-totals.ts';
import type { LearnedCurves } from '../../core/planning/warm-start.ts';
import type { LoopSpec } from './closed-loop.ts';
import { nearestPlan, type Planned } from './loop-plan.ts';
import type { PlantOrder } from './plant-step.ts';
import { type PlantReadings, Plants } from './plants.ts';
import { PutOffWork } from './put-off-work.ts';
import { obeyed, shutDown } from './serve.ts';
import { type DriftKind, pricesDrift, Watch } from './watch.ts';

type Served = { flow: Float64Array; unserved: Float64Array };

/** An hour that came, by step: the same for all runs, but for work that is put off. */
export class LoopHour {
  readonly inputs: PlanningInputs;
  readonly problem: DispatchProblem;
  readonly #spec: LoopSpec;

  constructor(spec: LoopSpec, open: PublicFleet, inputs: PlanningInputs) {
    const K = open.classes.length;
    const prompt = inputs.demandReqPerS.map((x, n) =>
      mayWait(open.classes[n % K] as Fleet['classes'][number]) ? 0 : x,
    );
    this.#spec = spec;
    this.inputs = inputs;
    // What may wait is served when its time has come, and then like all else.
    this.problem = {
      ...assembleDispatch(open, inputs, prompt),
      demandReqPerS: inputs.demandReqPerS,
    };
  }

  shutDown(s: number, utcMs: number): void {
    shutDown(this.problem, this.#spec, s, utcMs);
  }

  demandOf(p: DispatchProblem, s: number): Float64Array {
    const rows = rowCount(p);
    return p.demandReqPerS.subarray(s * rows, (s + 1) * rows);
  }
}

/** One way to serve the loop's hours, with what goes on from step to step: ledger, put off work, plants. */
export class Run {
  readonly spec: LoopSpec;
  readonly open: PublicFleet;
  readonly waiting: PutOffWork | undefined;
  readonly plants: Plants | undefined;
  readonly #ledger: Ledger;
  #hour!: LoopHour;
  #problem!: DispatchProblem;
  #served: Served[] = [];
  #orders: Planned['orders'];

  constructor(spec: LoopSpec, open: PublicFleet) {
    const { fleet } = spec;
    this.spec = spec;
    this.open = open;
    this.#ledger = new Ledger(fleet);
    const endUtcMs = spec.startUtcMs + spec.hours * MS_PER_HOUR;
    if (fleet.classes.some(mayWait)) this.waiting = new PutOffWork(open, endUtcMs);
    if (fleet.sites.some((site) => hasPlant(site.cost))) this.plants = new Plants(fleet);
  }

  beginHour(hour: LoopHour): void {
    this.#hour = hour;
    this.#served = [];
    const { demandReqPerS } = hour.problem;
    this.#problem = this.waiting
      ? { ...hour.problem, demandReqPerS: demandReqPerS.slice() }
      : hour.problem;
    this.plants?.beginHour(hour.inputs);
    this.waiting?.forget(hour.inputs.startUtcMs);
  }

  /** Has the plants of a fleet that does not plan run for what its sites expect to serve. */
  order(states: DemandStates, utcMs: number): void {
    if (this.plants) this.#orders = nearestPlan(this.spec, this.open, states, utcMs, this).orders;
  }

  serve(
    s: number,
    utcMs: number,
    route: (p: DispatchProblem) => Served,
    putOff?: PutOff,
    orders: (PlantOrder | undefined)[] = this.#orders?.(utcMs) ?? [],
  ): void {
    const p = this.#problem;
    const stepMs = this.spec.stepMinutes * 60_000;
    this.waiting?.begin(this.#hour.demandOf(p, s), utcMs, stepMs, putOff);
    let done = route(p);
    if (this.plants) done = this.plants.step(p, s, orders, done);
    this.waiting?.end(done.unserved, utcMs);
    this.#served.push(done);
  }

  endHour(): void {
    this.#ledger.add(
      this.#problem,
      this.#hour.inputs,
      this.#served.map((s) => s.flow),
      this.#served.map((s) => s.unserved),
      this.plants?.endHour(),
    );
  }

  totals(): SpanTotals {
    const totals = this.#ledger.totals();
    return this.waiting ? { ...totals, batch: this.waiting.totals() } : totals;
  }

  plantReadings(): PlantReadings[] {
    return this.plants?.readings() ?? [];
  }
}

/** A run that plans: its plan in force, and what it watches. */
export class PlanningRun extends Run {
  readonly knows: 'forecast' | 'foresight';
  planned: Planned | undefined;
  learned: LearnedCurves | undefined;
  readonly #watch: Watch;
  #demandDrifts = false;

  constructor(spec: LoopSpec, open: PublicFleet, knows: 'forecast' | 'foresight') {
    super(spec, open);
    this.knows = knows;
    this.#watch = new Watch(spec.startUtcMs);
  }

  /** Why a plan is due before its time; what a step's requests say is heard at its end. */
  drift(utcMs: number, heardLost: boolean): DriftKind | undefined {
    const { spec } = this;
    if (this.planned === undefined) return undefined;
    if (this.#demandDrifts) return 'demand';
    if (pricesDrift(spec, utcMs)) return 'price';
    const down = heardLost && spec.lost ? [spec.lost.fromUtcMs] : [];
    return lossAsksForPlan(down, this.planned.madeUtcMs, utcMs) ? 'loss' : undefined;
  }

  /** Serves a step by the plan in force, and counts what came. */
  obey(s: number, utcMs: number): void {
    const planned = this.planned as Planned;
    this.#demandDrifts = this.#watch.demandDrifts(this.spec, planned, utcMs);
    this.serve(
      s,
      utcMs,
      (p) => obeyed(this.open, p, s, planned.at(utcMs)),
      planned.putOff?.(utcMs),
      planned.orders?.(utcMs),
    );
  }
}
