import { siteCapacity } from '../../core/model/capacity.ts';
import { unloadedTtftMs } from '../../core/model/eligibility.ts';
import type { Fleet } from '../../core/model/fleet.ts';
import type { RequestWork } from '../../core/model/hardware.ts';
import { waitingRequests, waitProbability } from '../../core/model/queueing.ts';
import { mayWait } from '../../core/model/request-class.ts';
import { chosenPower, siteFactors, siteWork } from '../../core/model/site-power.ts';
import { type DispatchProblem, loadsOf } from '../../core/optimizer/problem.ts';
import { BatchTally } from '../../core/planning/batch-tally.ts';
import { conditionsAt, type PlanningInputs } from '../../core/planning/inputs.ts';
import type { Decision } from '../../core/planning/policies/index.ts';
import type { ClassFigures, Figures } from './figures.ts';

/** Requests alike: so many with this TTFT before waiting, of which some wait an exponential time. */
interface Group {
  requests: number;
  unloadedMs: number;
  waitProbability: number;
  /** Of those that wait. */
  waitMs: number;
}

/** What the fluid model says of a plan's flows, by the equations that the ledger charges with. */
export function forecast(
  fleet: Fleet,
  problem: DispatchProblem,
  inputs: PlanningInputs,
  { flow, unserved }: Pick<Decision, 'flow' | 'unserved'>,
): Figures {
  const K = problem.classCount;
  const groups = fleet.classes.map((): Group[] => []);
  const sites = fleet.sites.map((s) => ({
    site: s.id,
    requests: 0,
    utilisation: 0,
    waitMeanMs: 0,
    itKwh: 0,
    facilityKwh: 0,
    awakeServers: 0,
  }));
  const headroom = fleet.sites.map((s) => siteCapacity(s, inputs).headroom);
  const work = fleet.sites.map((s) => siteWork(s, fleet.classes));
  const slotS = inputs.slotHours * 3600;
  for (let t = 0; t < inputs.slotCount; t++) {
    const slotFlow = flow[t] as Float64Array;
    const loads = loadsOf(problem, slotFlow);
    const rates = new Float64Array(fleet.sites.length * K);
    eachEdge(problem, slotFlow, (e, j, k) => {
      rates[j * K + k] = (rates[j * K + k] as number) + (slotFlow[e] as number);
    });
    const waits = fleet.sites.map((site, j) => {
      const sums = sites[j] as (typeof sites)[number];
      const own = rates.subarray(j * K, (j + 1) * K);
      const rate = own.reduce((a, b) => a + b, 0);
      const load = loads[j] as number;
      const u = load / site.hardware.servers;
      const factors = siteFactors(site, conditionsAt(inputs, j, t));
      const room = headroom[j]?.[t] as number;
      const power = chosenPower(site, work[j] ?? [], factors, fleet.prices, room);
      const kw = own.reduce(
        (sum, n, k) => sum + n * (power.kwPerReqPerS[k] as number),
        power.baseKw,
      );
      const queue = problem.sites[j]?.prior as DispatchProblem['sites'][number]['prior'];
      const waiting = waitingRequests(queue, u);
      sums.requests += rate * slotS;
      sums.utilisation += u / inputs.slotCount;
      sums.waitMeanMs += waiting * slotS * 1000;
      sums.itKwh += kw * inputs.slotHours;
      sums.facilityKwh += (kw * factors.ppue + site.cost.fixedOverheadKw) * inputs.slotHours;
      sums.awakeServers += (power.awakeServers + power.awakePerLoad * load) / inputs.slotCount;
      const probability = waitProbability(queue.servers, u);
      const meanMs = rate > 0 ? (waiting / rate) * 1000 : 0;
      return { probability, waitMs: probability > 0 ? meanMs / probability : 0 };
    });
    eachEdge(problem, slotFlow, (e, j, k, zone) => {
      const site = fleet.sites[j] as Fleet['sites'][number];
      const wait = waits[j] as (typeof waits)[number];
      const { promptMs, prefillMs } = (work[j] as RequestWork[])[k] as RequestWork;
      const zoneOf = fleet.zones[zone] as Fleet['zones'][number];
      const meanMs = unloadedTtftMs(zoneOf, site, fleet.classes, k);
      for (const ms of promptMs) {
        groups[k]?.push({
          requests: ((slotFlow[e] as number) * slotS) / promptMs.length,
          unloadedMs: meanMs + ms - prefillMs,
          waitProbability: wait.probability,
          waitMs: wait.waitMs,
        });
      }
    });
  }
  for (const s of sites) s.waitMeanMs /= Math.max(s.requests, 1e-300);
  return {
    classes: fleet.classes.map((c, k) => ({
      class: c.id,
      ...classFigures(groups[k] ?? [], c.ttftSloMs ?? Infinity),
    })),
    sites,
    ...(fleet.classes.some(mayWait) && { waiting: waitingOf(problem, inputs, flow, unserved) }),
  };
}

function waitingOf(
  p: DispatchProblem,
  { slotHours }: PlanningInputs,
  flow: Float64Array[],
  unserved: Float64Array[],
) {
  const tally = new BatchTally();
  tally.addBlock(p, flow, unserved, slotHours, slotHours * 3600);
  const { movedShare, meanDelayHours } = tally.totals();
  return { movedShare, meanDelayHours };
}

function eachEdge(
  p: DispatchProblem,
  flow: Float64Array,
  visit: (edge: number, site: number, classIndex: number, zone: number) => void,
): void {
  for (let r = 0; r + 1 < p.rowStart.length; r++) {
    for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
      if ((flow[e] as number) <= 0) continue;
      visit(e, p.edgeSite[e] as number, r % p.classCount, Math.floor(r / p.classCount));
    }
  }
}

function classFigures(groups: Group[], sloMs: number): Omit<ClassFigures, 'class'> {
  const requests = groups.reduce((sum, g) => sum + g.requests, 0);
  const mean = (of: (g: Group) => number) =>
    groups.reduce((sum, g) => sum + g.requests * of(g), 0) / Math.max(requests, 1e-300);
  const laterThan = (ms: number) =>
    mean((g) => {
      if (g.unloadedMs > ms) return 1;
      return g.waitMs > 0 ? g.waitProbability * Math.exp((g.unloadedMs - ms) / g.waitMs) : 0;
    });
  const quantile = (p: number) => {
    let low = 0;
    let high = 1;
    while (laterThan(high) > 1 - p) high *= 2;
    for (let n = 0; n < 60; n++) {
      const middle = (low + high) / 2;
      if (laterThan(middle) > 1 - p) low = middle;
      else high = middle;
    }
    return high;
  };
  const waitMeanMs = mean((g) => g.waitProbability * g.waitMs);
  return {
    requests,
    ttftMeanMs: mean((g) => g.unloadedMs) + waitMeanMs,
    ttftP50Ms: quantile(0.5),
    ttftP95Ms: quantile(0.95),
    ttftP99Ms: quantile(0.99),
    waitMeanMs,
    overSloShare: laterThan(sloMs),
  };
}
