import { siteCapacity } from '../model/capacity.ts';
import { unloadedTtftMs } from '../model/eligibility.ts';
import type { Fleet, Site } from '../model/fleet.ts';
import type { RequestWork } from '../model/hardware.ts';
import { lateAud, siteLateness } from '../model/lateness.ts';
import { type Impacts, objectiveAud } from '../model/objective.ts';
import { waitingRequests, waitProbability } from '../model/queueing.ts';
import { chosenPower, operate, siteFactors, siteWork } from '../model/site-power.ts';
import { MS_PER_HOUR, SECONDS_PER_HOUR } from '../model/units.ts';
import type { DispatchProblem } from '../optimizer/problem.ts';
import { conditionsAt, type PlanningInputs } from './inputs.ts';
import { type PlantRun, runPlants, servedFlows } from './plant-operation.ts';

/** What a span of operation came to, under the true model. */
export interface SpanTotals {
  objectiveAud: number;
  energyCostAud: number;
  facilityKwh: number;
  /** Drawn from the grid: less where there is solar power, more where batteries lose some. */
  gridKwh: number;
  coolingKwh: number;
  itKwh: number;
  carbonKg: number;
  waterL: number;
  requests: number;
  unservedRequests: number;
  ttftMeanMs: number;
  /** 95th percentile over requests, waiting included. */
  ttftP95Ms: number;
  /** Share of requests whose TTFT exceeds their class's SLO, the unserved included. */
  sloViolationShare: number;
  sites: SiteTotals[];
  zones: ZoneTotals[];
}

/** What routing asks of a zone: its mean TTFT beside that of its nearest site. */
export interface ZoneTotals {
  zone: string;
  /** Of served requests, waiting included. */
  ttftMeanMs: number;
  /** Of the same requests, had each gone to the nearest site a plan may use, with nobody waiting. */
  nearestTtftMs: number;
}

export interface SiteTotals {
  site: string;
  /** Share of all served requests. */
  share: number;
  /** Means over the span. */
  tempC: number;
  ppue: number;
  utilisation: number;
  /** Servers that do not sleep, busy or not. */
  awakeServers: number;
  energyAudPerKwh: number;
  carbonKgPerKwh: number;
  /** Over the span: solar power used or fed in, and what came out of the battery. */
  solarKwh: number;
  dischargedKwh: number;
}

/** TTFT histogram: 1 ms bins to 10 s. */
const BINS = 10_000;
/** Points of the exponential wait's distribution, at equal probability. */
const WAIT_QUANTILES = Array.from({ length: 20 }, (_, i) => -Math.log(1 - (i + 0.5) / 20));

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
  readonly #unloadedMs: Float64Array[];
  readonly #histogram = new Float64Array(BINS + 1);
  readonly #impacts: Impacts = {
    energyAud: 0,
    carbonKg: 0,
    waterL: 0,
    userHours: 0,
    unservedRequests: 0,
    lateAud: 0,
  };
  readonly #sites: (SiteTotals & { requests: number })[];
  readonly #zones: ZoneSums[];
  /** Highest import so far by month and site, kW. */
  readonly #peaksKw = new Map<string, number>();
  #facilityKwh = 0;
  #gridKwh = 0;
  #coolingKwh = 0;
  #itKwh = 0;
  #requests = 0;
  #violations = 0;
  #hours = 0;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    this.#work = fleet.sites.map((s) => siteWork(s, fleet.classes));
    this.#unloadedMs = fleet.zones.map((zone) =>
      Float64Array.from(
        fleet.sites.flatMap((site) =>
          fleet.classes.map((_, k) => unloadedTtftMs(zone, site, fleet.classes, k)),
        ),
      ),
    );
    this.#zones = fleet.zones.map(() => ({ requests: 0, ttftMs: 0, nearestMs: 0 }));
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

  add(
    problem: DispatchProblem,
    inputs: PlanningInputs,
    flow: Float64Array[],
    unserved: Float64Array[],
  ): void {
    const headroom = this.#fleet.sites.map((s) => siteCapacity(s, inputs).headroom);
    const runs = this.#runPlants(problem, inputs, flow);
    for (let t = 0; t < inputs.slotCount; t++) {
      const kept = Float64Array.from(headroom, (h) => h[t] as number);
      const planned = [flow[t] as Float64Array, unserved[t] as Float64Array] as const;
      const came = servedFlows(problem, t, runs, ...planned);
      this.#addSlot(problem, inputs, t, kept, runs, came.flow, came.unserved);
      this.#hours += inputs.slotHours;
    }
  }

  /** Runs all plants over a block; a month's peak is charged once, by what it adds to the last. */
  #runPlants(
    p: DispatchProblem,
    inputs: PlanningInputs,
    flow: Float64Array[],
  ): (PlantRun | undefined)[] {
    const month = new Date(inputs.startUtcMs).toISOString().slice(0, 7);
    const monthOf = (site: Site) => `${month} ${site.id}`;
    const sites = this.#fleet.sites.map((site): Site => {
      const { demandCharge } = site.cost;
      if (!demandCharge) return site;
      const paidKw = Math.max(demandCharge.paidKw, this.#peaksKw.get(monthOf(site)) ?? 0);
      return { ...site, cost: { ...site.cost, demandCharge: { ...demandCharge, paidKw } } };
    });
    const runs = runPlants({ ...this.#fleet, sites }, p, inputs, flow);
    runs.forEach((run, j) => {
      if (!run) return;
      const key = monthOf(sites[j] as Site);
      this.#peaksKw.set(key, Math.max(run.peakKw, this.#peaksKw.get(key) ?? 0));
      this.#impacts.energyAud += run.peakAud;
      const sums = this.#sites[j] as SiteTotals;
      const kwh = (kw: Float64Array) => kw.reduce((a, b) => a + b, 0) * inputs.slotHours;
      sums.solarKwh += kwh(run.operation.solarKw);
      sums.dischargedKwh += kwh(run.operation.dischargeKw);
    });
    return runs;
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
    const totals = new Float64Array(p.sites.length * K);
    for (let r = 0; r + 1 < p.rowStart.length; r++) {
      for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
        const at = (p.edgeSite[e] as number) * K + (r % K);
        totals[at] = (totals[at] as number) + (flow[e] as number);
      }
      const lost = (unserved[r] as number) * SECONDS_PER_HOUR * inputs.slotHours;
      this.#impacts.unservedRequests += lost;
      this.#violations += lost;
      this.#requests += lost;
    }
    const waits = this.#fleet.sites.map((_, j) =>
      this.#operateSite(p, inputs, j, t, headroom[j] as number, runs[j], totals),
    );
    for (let r = 0; r + 1 < p.rowStart.length; r++) {
      const k = r % K;
      const zone = this.#zones[Math.floor(r / K)] as ZoneSums;
      const unloadedMs = this.#unloadedMs[Math.floor(r / K)] as Float64Array;
      const edges = { from: p.rowStart[r] as number, to: p.rowStart[r + 1] as number };
      const msOf = (e: number) => unloadedMs[(p.edgeSite[e] as number) * K + k] as number;
      let nearestMs = Infinity;
      for (let e = edges.from; e < edges.to; e++) nearestMs = Math.min(nearestMs, msOf(e));
      for (let e = edges.from; e < edges.to; e++) {
        const x = flow[e] as number;
        if (x <= 0) continue;
        const wait = waits[p.edgeSite[e] as number] as Wait;
        const count = x * SECONDS_PER_HOUR * inputs.slotHours;
        this.#addRequests(count, msOf(e), wait, k);
        zone.requests += count;
        zone.ttftMs += count * (msOf(e) + wait.meanMs);
        zone.nearestMs += count * nearestMs;
      }
    }
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

  #addRequests(count: number, unloadedMs: number, wait: Wait, k: number): void {
    this.#requests += count;
    this.#impacts.userHours += (count * (unloadedMs + wait.meanMs)) / MS_PER_HOUR;
    const slo = this.#fleet.classes[k]?.ttftSloMs ?? Number.POSITIVE_INFINITY;
    const waitingMeanMs = wait.probability > 0 ? wait.meanMs / wait.probability : 0;
    const late =
      unloadedMs > slo
        ? 1
        : waitingMeanMs > 0
          ? wait.probability * Math.exp((unloadedMs - slo) / waitingMeanMs)
          : 0;
    this.#violations += count * late;
    const at = (ms: number, n: number) => {
      const bin = Math.min(BINS, Math.floor(ms));
      this.#histogram[bin] = (this.#histogram[bin] as number) + n;
    };
    if (wait.meanMs < 0.01) {
      at(unloadedMs, count);
      return;
    }
    at(unloadedMs, count * (1 - wait.probability));
    const each = (count * wait.probability) / WAIT_QUANTILES.length;
    for (const q of WAIT_QUANTILES) at(unloadedMs + q * waitingMeanMs, each);
  }

  totals(): SpanTotals {
    const served = this.#requests - this.#impacts.unservedRequests;
    const hours = Math.max(this.#hours, 1e-300);
    return {
      objectiveAud: objectiveAud(this.#fleet.prices, this.#impacts),
      energyCostAud: this.#impacts.energyAud,
      facilityKwh: this.#facilityKwh,
      gridKwh: this.#gridKwh,
      coolingKwh: this.#coolingKwh,
      itKwh: this.#itKwh,
      carbonKg: this.#impacts.carbonKg,
      waterL: this.#impacts.waterL,
      requests: this.#requests,
      unservedRequests: this.#impacts.unservedRequests,
      ttftMeanMs: served > 0 ? (this.#impacts.userHours * MS_PER_HOUR) / served : 0,
      ttftP95Ms: this.#percentileMs(0.95),
      sloViolationShare: this.#requests > 0 ? this.#violations / this.#requests : 0,
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
      zones: this.#zones.map(({ requests, ttftMs, nearestMs }, i) => ({
        zone: this.#fleet.zones[i]?.id as string,
        ttftMeanMs: requests > 0 ? ttftMs / requests : 0,
        nearestTtftMs: requests > 0 ? nearestMs / requests : 0,
      })),
    };
  }

  #percentileMs(p: number): number {
    const total = this.#histogram.reduce((a, b) => a + b, 0);
    let sum = 0;
    for (let bin = 0; bin <= BINS; bin++) {
      const n = this.#histogram[bin] as number;
      if (sum + n >= p * total && n > 0) return bin + (p * total - sum) / n;
      sum += n;
    }
    return 0;
  }
}

interface Wait {
  meanMs: number;
  /** Probability that a request waits at all. */
  probability: number;
}

/** Requests a zone was served, and their TTFT as it was and as it had been at the nearest site. */
interface ZoneSums {
  requests: number;
  ttftMs: number;
  nearestMs: number;
}
