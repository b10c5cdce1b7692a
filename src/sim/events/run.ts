import { type Fleet, publicFleet } from '../../core/model/fleet.ts';
import { estimateRttMs } from '../../core/model/geo.ts';
import { decodeStepMs, hardwareProfiles, prefillMs } from '../../core/model/hardware.ts';
import type { PlanShares } from '../../core/planning/plan.ts';
import type { PutOff } from '../../core/planning/put-off.ts';
import { candidateSites } from '../../core/routing/candidates.ts';
import { slotOf } from './arrivals.ts';
import { EventQueue } from './event-queue.ts';
import { PatientClients, type WaitingFigures } from './put-off.ts';
import type { Job, LlmServer } from './server.ts';
import { SimulatedSite, type SiteMeter } from './site.ts';
import { type Asked, type Stream, type StreamSpec, streamsOf } from './streams.ts';
import type { RequestTrace } from './trace.ts';

export interface ReplaySpec extends StreamSpec {
  startUtcMs: number;
  slotHours: number;
  /** By slot of the measured time. */
  shares: PlanShares[];
  /** By slot, what the plan puts off; absent where nothing may wait. */
  putOff?: PutOff[];
  /** Simulated before anything is measured, so that sites are as busy as they would be, s. */
  warmUpS: number;
  onProgress?: (share: number) => void;
}

/** A finished request of the measured time. */
export interface Sample {
  zone: number;
  classIndex: number;
  site: number;
  ttftMs: number;
  waitMs: number;
}

export interface ReplayResult {
  /** Requests of the measured time, in the order they finished. */
  samples: Sample[];
  sites: (SiteMeter & SiteWorkDone)[];
  /** All requests, warm-up and after-run included. */
  arrived: number;
  finished: number;
  /** Tokens of prompts that the traces' cache held, and those that were still there. */
  cachedTokens: number;
  reusedTokens: number;
  /** Of work that may wait; absent where none may. */
  waiting?: WaitingFigures;
}

/** Work of the requests that came to a site in the measured time, in seconds of one server. */
export interface SiteWorkDone {
  requests: number;
  prefillS: number;
  /** Tokens at the step time of a full batch, each the batch's part of it. */
  decodeS: number;
}

/** Requests go on coming so long after the measured time, so that its last ones meet company, s. */
const AFTER_RUN_S = 60;

interface RequestInFlight extends Job {
  zone: number;
  classIndex: number;
  site: number;
  rttMs: number;
  measured: boolean;
}

type Event =
  | { kind: 'request'; stream: Stream }
  | { kind: 'back'; asked: Asked }
  | { kind: 'arrival'; request: RequestInFlight }
  | { kind: 'server'; server: LlmServer; site: SimulatedSite };

/**
 * Replays requests against a fleet that obeys a plan: each request is sent to the first of the
 * router's candidates, takes half a round trip there, and is served by the simulated site. Sites that
 * are slow or full are not passed over: the plan is on trial, not failover.
 */
export function replay(spec: ReplaySpec): ReplayResult {
  const { fleet } = spec;
  const open = publicFleet(fleet);
  const slots = spec.shares.length;
  const slotS = spec.slotHours * 3600;
  const endS = slots * slotS;
  const siteIndex = new Map(fleet.sites.map((s, j) => [s.id, j]));
  const rttMs = fleet.zones.map((z) => fleet.sites.map((s) => estimateRttMs(z, s)));
  const queue = new EventQueue<Event>();
  const result: ReplayResult = {
    samples: [],
    sites: [],
    arrived: 0,
    finished: 0,
    cachedTokens: 0,
    reusedTokens: 0,
  };
  const sites = fleet.sites.map((site): SimulatedSite => {
    const simulated: SimulatedSite = new SimulatedSite(site, {
      fromS: 0,
      toS: endS,
      slotS,
      slots,
      headroom: site.headroomServers ?? 0,
      schedule: (server) => queue.push(server.nextS, { kind: 'server', server, site: simulated }),
      onFinished: (job) => finish(result, job as RequestInFlight),
    });
    return simulated;
  });
  const work = fleet.sites.map((): SiteWorkDone => ({ requests: 0, prefillS: 0, decodeS: 0 }));
  const header = { startUtcMs: spec.startUtcMs, slotHours: spec.slotHours };
  const clients = new PatientClients(fleet, { header, putOff: spec.putOff }, endS);
  const cache = new Map<string, number>();
  const reach = { fromS: -spec.warmUpS, toS: endS + AFTER_RUN_S };
  for (const stream of streamsOf(spec, { count: slots, slotS }, reach)) {
    queue.push(stream.head.timeS, { kind: 'request', stream });
  }
  for (let event = queue.pop(); event; event = queue.pop()) {
    const { timeS, item } = event;
    if (item.kind === 'server') {
      // A server that changed its mind since has another event.
      if (item.server.nextS === timeS) item.site.advance(item.server);
    } else if (item.kind === 'back') {
      send(item.asked, timeS);
    } else if (item.kind === 'arrival') {
      sites[item.request.site]?.arrive(item.request, timeS);
    } else {
      const { stream } = item;
      const { zone, classIndex, head } = stream;
      const asked = { zone, classIndex, head };
      const backS = clients.backS(zone, classIndex, sessionOf(asked), timeS);
      if (backS === undefined) send(asked, timeS);
      else queue.push(backS, { kind: 'back', asked });
      const next = stream.rest.next();
      if (!next.done) {
        stream.head = next.value;
        queue.push(next.value.timeS, item);
      }
      if (result.arrived % 1000 === 0) {
        spec.onProgress?.(Math.min(1, (timeS - reach.fromS) / (reach.toS - reach.fromS)));
      }
    }
  }
  for (const site of sites) site.settle(endS);
  result.waiting = clients.figures();
  result.sites = sites.map((s, j) => ({ ...s.meter, ...(work[j] as SiteWorkDone) }));
  return result;

  function send(asked: Asked, timeS: number): void {
    const request = routed(asked, timeS);
    queue.push(request.arrivedS, { kind: 'arrival', request });
  }

  function sessionOf({ zone, classIndex, head }: Asked): string {
    const { index, copy, cycle } = head;
    const { session } = spec.traces[classIndex] as RequestTrace;
    return `${zone}/${classIndex}/${copy}/${cycle}/${session ? session[index] : index}`;
  }

  function routed(asked: Asked, timeS: number): RequestInFlight {
    const { zone, classIndex, head } = asked;
    const trace = spec.traces[classIndex] as RequestTrace;
    const slot = slotOf({ slotS }, slots, timeS);
    const { index } = head;
    const session = sessionOf(asked);
    const utcMs = spec.startUtcMs + timeS * 1000;
    const zoneOf = open.zones[zone] as (typeof open.zones)[number];
    const [first] = candidateSites(open, zoneOf, classIndex, spec.shares[slot], session, utcMs);
    const site = siteIndex.get(first ?? '');
    if (site === undefined)
      throw new Error(`zone ${zoneOf.id} has no site for class ${classIndex}`);
    const inputTokens = trace.inputTokens[index] as number;
    const cached = trace.cachedTokens[index] as number;
    const reused = cached > 0 && (!trace.session || reusable(session, site, cached)) ? cached : 0;
    if (trace.session) cache.set(session, site);
    const { hardware } = fleet.sites[site] as Fleet['sites'][number];
    const hw = hardwareProfiles[hardware.profile];
    const outputTokens = trace.outputTokens[index] as number;
    const prefillS = prefillMs(hw, inputTokens - reused) / 1000;
    const measured = timeS >= 0 && timeS < endS;
    result.arrived++;
    if (measured) {
      const done = work[site] as SiteWorkDone;
      done.requests++;
      done.prefillS += prefillS;
      const stepMs = decodeStepMs(hw, hardware.batch);
      done.decodeS += (outputTokens * stepMs) / hardware.batch / 1000;
      result.cachedTokens += cached;
      result.reusedTokens += reused;
    }
    const rtt = rttMs[zone]?.[site] as number;
    return {
      zone,
      classIndex,
      site,
      rttMs: rtt,
      measured,
      prefillS,
      outputTokens,
      arrivedS: timeS + rtt / 2000,
      startedS: Number.NaN,
      firstTokenS: Number.NaN,
      finishedS: Number.NaN,
    };
  }

  /** A conversation's prefix is where its last prompt was; a shared system prompt is everywhere. */
  function reusable(session: string, site: number, cached: number): boolean {
    const last = cache.get(session);
    return last === site || (last === undefined && cached <= SHARED_PREFIX_TOKENS);
  }
}

/** One block of Mooncake's: a system prompt that most conversations begin with. */
const SHARED_PREFIX_TOKENS = 512;

function finish(result: ReplayResult, r: RequestInFlight): void {
  result.finished++;
  if (!r.measured) return;
  result.samples.push({
    zone: r.zone,
    classIndex: r.classIndex,
    site: r.site,
    ttftMs: r.rttMs + (r.firstTokenS - r.arrivedS) * 1000,
    waitMs: (r.startedS - r.arrivedS) * 1000,
  });
}
