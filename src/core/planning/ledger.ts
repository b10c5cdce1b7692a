import { siteCapacity } from '../model/capacity.ts';
import type { Fleet, Site } from '../model/fleet.ts';
import type { RequestWork } from '../model/hardware.ts';
import { lateAud, siteLateness } from '../model/lateness.ts';
import { type Impacts, objectiveAud } from '../model/objective.ts';
import { waitingRequests, waitProbability } from '../model/queueing.ts';
import { mayWait } from '../model/request-class.ts';
import { chosenPower, operate, siteFactors, siteWork } from '../model/site-power.ts';
import { SECONDS_PER_HOUR } from '../model/units.ts';
import type { DispatchProblem } from '../optimizer/problem.ts';
import { BatchTally } from './batch-tally.ts';
import { conditionsAt, type PlanningInputs } from './inputs.ts';
import { type PlantRun, runPlants, servedFlows } from './plant-operation.ts';
import type { SiteTotals, SpanSums, SpanTotals } from './span-totals.ts';
import { TtftTally, type Wait } from './ttft-tally.ts';

/**
 * Charges flows by the true model, whatever whoever chose them believed. One ledger a policy; add
 * blocks of slots as they are decided.
 *
 * Waiting: mean by queueing.ts and Little's law; a request waits with probability u^(m−1), and then
 * for an exponential time, which is exact for M/M/c and the usual approximation beyond it.
 */
export class Ledger {
  readonly #fleet: Fleet;
  readonly #work: RequestWork[][];
  readonly #ttft: TtftTally;
  readonly #batch = new BatchTally();
  readonly #impacts: Omit<Impacts, 'userHours'> = {
    energyAud: 0,
    carbonKg: 0,
    waterL: 0,
    unservedRequests: 0,
    lateAud: 0,
  };
  readonly #sites: (SiteTotals & { requests: number })[];
  /** Highest import so far by month and site, kW. */
  readonly #peaksKw = new Map<string, number>();
  #facilityKwh = 0;
  #gridKwh = 0;
  #coolingKwh = 0;
  #itKwh = 0;
  #requests = 0;
  #hours = 0;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    this.#work = fleet.sites.map((s) => siteWork(s, fleet.classes));
    this.#ttft = new TtftTally(fleet);
    this.#sites = fleet.sites.map((s) => ({
      site: s.id,
      requests: 0,
      share: 0,
      tempC: 0,
      ppue: 0,
      utilisation: 0,
      awakeServers: 0,
      energyAudPerKwh: 0,
      carbonKgPerKwh: 0,
      solarKwh: 0,
      dischargedKwh: 0,
    }));
  }

  /** @param operated how plants ran; absent: at best for these flows, at the fleet's prices */
  add(
    problem: DispatchProblem,
    inputs: PlanningInputs,
    flow: Float64Array[],
    unserved: Float64Array[],
    operated?: (PlantRun | undefined)[],
  ): void {
    const headroom = this.#fleet.sites.map((s) => siteCapacity(s, inputs).headroom);
    const runs = operated ?? this.#runPlants(problem, inputs, flow);
    this.#addPlants(inputs, runs);
    const came = flow.map((planned, t) =>
      servedFlows(problem, t, runs, planned, unserved[t] as Float64Array),
    );
    came.forEach((slot, t) => {
      const kept = Float64Array.from(headroom, (h) => h[t] as number);
      this.#addSlot(problem, inputs, t, kept, runs, slot.flow, slot.unserved);
      this.#hours += inputs.slotHours;
    });
    this.#batch.addBlock(
      problem,
      came.map((slot) => slot.flow),
      came.map((slot) => slot.unserved),
      inputs.slotHours,
      SECONDS_PER_HOUR * inputs.slotHours,
    );
  }

  /** Runs all plants over a block. */
  #runPlants(
    p: DispatchProblem,
    inputs: PlanningInputs,
    flow: Float64Array[],
  ): (PlantRun | undefined)[] {
    return runPlants(this.fleetAt(inputs), p, inputs, flow);
  }

  /** The fleet as it stands when a block begins: a month's peak so far is paid for. */
  fleetAt(inputs: Pick<PlanningInputs, 'startUtcMs'>): Fleet {
    const sites = this.#fleet.sites.map((site): Site => {
      const { demandCharge } = site.cost;
      if (!demandCharge) return site;
      const paidKw = Math.max(demandCharge.paidKw, this.#peaksKw.get(peakKey(inputs, site)) ?? 0);
      return { ...site, cost: { ...site.cost, demandCharge: { ...demandCharge, paidKw } } };
    });
    return { ...this.#fleet, sites };
  }

  /** A month's peak is charged once, by what it adds to the last. */
  #addPlants(inputs: PlanningInputs, runs: (PlantRun | undefined)[]): void {
    runs.forEach((run, j) => {
      if (!run) return;
      const key = peakKey(inputs, this.#fleet.sites[j] as Site);
      this.#peaksKw.set(key, Math.max(run.peakKw, this.#peaksKw.get(key) ?? 0));
      this.#impacts.energyAud += run.peakAud;
      const sums = this.#sites[j] as SiteTotals;
      const kwh = (kw: Float64Array) => kw.reduce((a, b) => a + b, 0) * inputs.slotHours;
      sums.solarKwh += kwh(run.operation.solarKw);
      sums.dischargedKwh += kwh(run.operation.dischargeKw);
    });
  }

  #addSlot(
    p: DispatchProblem,
    inputs: PlanningInputs,
    t: number,
    headroom: Float64Array,
    runs: (PlantRun | undefined)[],
    flow: Float64Array,
    unserved: Float64Array,
  ): void {
    const K = p.classCount;
    const seconds = SECONDS_PER_HOUR * inputs.slotHours;
    const totals = new Float64Array(p.sites.length * K);
    for (let r = 0; r + 1 < p.rowStart.length; r++) {
      for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
        const at = (p.edgeSite[e] as number) * K + (r % K);
        totals[at] = (totals[at] as number) + (flow[e] as number);
      }
      const lost = (unserved[r] as number) * seconds;
      this.#impacts.unservedRequests += lost;
      this.#requests += lost;
      this.#ttft.addUnserved(r % K, lost);
    }
    const waits = this.#fleet.sites.map((_, j) =>
      this.#operateSite(p, inputs, j, t, headroom[j] as number, runs[j], totals),
    );
    const lateBefore = this.#ttft.lateAtOnce;
    for (let r = 0; r + 1 < p.rowStart.length; r++) this.#ttft.addRow(p, r, flow, waits, seconds);
    const { lateAudPerRequest } = this.#fleet.prices;
    this.#impacts.lateAud += lateAudPerRequest * (this.#ttft.lateAtOnce - lateBefore);
    this.#requests += totals.reduce((sum, x) => sum + x * seconds, 0);
  }

  /** Energy, carbon and water of a site in a slot; returns its waiting. */
  #operateSite(
    p: DispatchProblem,
    inputs: PlanningInputs,
    j: number,
    t: number,
    headroom: number,
    run: PlantRun | undefined,
    totals: Float64Array,
  ): Wait {
    const K = p.classCount;
    const site = this.#fleet.sites[j] as Fleet['sites'][number];
    const capability = p.sites[j] as DispatchProblem['sites'][number];
    const conditions = conditionsAt(inputs, j, t);
    const factors = siteFactors(site, conditions);
    const work = this.#work[j] as RequestWork[];
    const power = chosenPower(site, work, factors, this.#fleet.prices, headroom);
    let itKw = power.baseKw;
    let load = 0;
    let rate = 0;
    for (let k = 0; k < K; k++) {
      const n = totals[j * K + k] as number;
      itKw += (power.kwPerReqPerS[k] as number) * n;
      load += (capability.loadPerReqPerS[k] as number) * n;
      rate += n;
    }
    const h = inputs.slotHours;
    const now = operate(site, factors, itKw);
    // With a plant, the meter says what is paid for, not what the site draws.
    const meteredKw = run ? (run.operation.importKw[t] as number) : now.facilityKw;
    this.#impacts.energyAud += run ? (run.energyAud[t] as number) : now.energyAudPerH * h;
    this.#impacts.carbonKg += meteredKw * factors.carbonKgPerKwh * h;
    this.#impacts.waterL +=
      (meteredKw * factors.gridWaterLPerKwh + now.itKw * factors.onSiteWaterLPerKwh) * h;
    this.#gridKwh += meteredKw * h;
    this.#facilityKwh += now.facilityKw * h;
    this.#coolingKwh += now.coolingKw * h;
    this.#itKwh += now.itKw * h;
    const utilisation = load / site.hardware.servers;
    const { servers, variability } = capability.prior;
    const waiting = waitingRequests({ servers, variability }, utilisation);
    const lateness = siteLateness(site, this.#fleet.classes, this.#fleet.prices, h);
    if (lateness) this.#impacts.lateAud += lateAud(lateness, utilisation);
    const sums = this.#sites[j] as SiteTotals & { requests: number };
    sums.requests += rate * SECONDS_PER_HOUR * h;
    sums.tempC += conditions.tempC * h;
    sums.ppue += factors.ppue * h;
    sums.utilisation += utilisation * h;
    sums.awakeServers += (power.awakeServers + power.awakePerLoad * load) * h;
    sums.energyAudPerKwh += factors.energyAudPerKwh * h;
    sums.carbonKgPerKwh += factors.carbonKgPerKwh * h;
    return {
      meanMs: rate > 0 ? (waiting / rate) * 1000 : 0,
      probability: waitProbability(servers, utilisation),
    };
  }

  /** So far: what two calls differ by is what came between them. */
  sums(): SpanSums {
    const { userHours } = this.#ttft;
    return {
      objectiveAud: objectiveAud(this.#fleet.prices, { ...this.#impacts, userHours }),
      energyCostAud: this.#impacts.energyAud,
      facilityKwh: this.#facilityKwh,
      gridKwh: this.#gridKwh,
      coolingKwh: this.#coolingKwh,
      itKwh: this.#itKwh,
      carbonKg: this.#impacts.carbonKg,
      waterL: this.#impacts.waterL,
      userHours,
      requests: this.#requests,
      unservedRequests: this.#impacts.unservedRequests,
      ...this.#ttft.sums(),
    };
  }

  totals(): SpanTotals {
    const served = this.#requests - this.#impacts.unservedRequests;
    const hours = Math.max(this.#hours, 1e-300);
    const {
      userRequests: _,
      servedUserRequests: _s,
      lateUserRequests: _l,
      userTtftMs: _t,
      ...sums
    } = this.sums();
    return {
      ...sums,
      ...this.#ttft.totals(),
      ...(this.#fleet.classes.some(mayWait) && { batch: this.#batch.totals() }),
      sites: this.#sites.map(({ requests, ...s }) => ({
        ...s,
        share: served > 0 ? requests / served : 0,
        tempC: s.tempC / hours,
        ppue: s.ppue / hours,
        utilisation: s.utilisation / hours,
        awakeServers: s.awakeServers / hours,
        energyAudPerKwh: s.energyAudPerKwh / hours,
        carbonKgPerKwh: s.carbonKgPerKwh / hours,
      })),
    };
  }
}

/** The month and site for which a peak is charged. */
function peakKey(inputs: Pick<PlanningInputs, 'startUtcMs'>, site: Site): string {
  return `${new Date(inputs.startUtcMs).toISOString().slice(0, 7)} ${site.id}`;
}
