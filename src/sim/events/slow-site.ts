import { requestTtftMs } from '../../core/model/eligibility.ts';
import { type Fleet, publicFleet } from '../../core/model/fleet.ts';
import { estimateRttMs } from '../../core/model/geo.ts';
import { hardwareProfiles, prefillMs } from '../../core/model/hardware.ts';
import { candidateSites } from '../../core/routing/candidates.ts';
import { SiteHealth } from '../../core/routing/health.ts';
import { digest } from '../../core/routing/rendezvous.ts';
import { type Steered, Steering, type SteeringOptions } from '../../core/routing/steering.ts';
import { EventQueue } from './event-queue.ts';
import { type Random, randomOf } from './random.ts';
import type { Job, LlmServer } from './server.ts';
import { SimulatedSite } from './site.ts';

/** One zone's conversations of one class under a plan that does not change, while a site is slow. */
export interface SlowSiteSpec {
  fleet: Fleet;
  zone: string;
  class: string;
  shares: readonly (readonly [site: string, share: number])[];
  sessionsPerS: number;
  /** Mean number of a conversation's turns, and the pause before each further one, s. */
  turns: number;
  pauseS: number;
  /** Prompts that come to a site from one time to another take so many times longer. */
  slow: { site: string; fromS: number; toS: number; factor: number };
  durationS: number;
  seed: number;
  /** Whether slow and full sites are passed over as the router does; else the plan alone is obeyed. */
  passesOver: boolean;
  /** Absent: requests go where their sessions are drawn to. */
  steering?: SteeringOptions;
}

export interface Served {
  session: number;
  turn: number;
  site: string;
  /** Arrival at the router, s. */
  atS: number;
  ttftMs: number;
  moved?: Steered['moved'];
}

interface Turn {
  session: number;
  turn: number;
  turns: number;
  /** Of the session's own, so that what becomes of one changes no other. */
  random: Random;
}

interface Flight extends Job, Turn {
  served: Served;
  expectedMs: number;
}

type Event =
  | { kind: 'session' }
  | { kind: 'turn'; turn: Turn }
  | { kind: 'arrival'; flight: Flight; site: SimulatedSite }
  | { kind: 'server'; server: LlmServer; site: SimulatedSite };

/** Tokens that a turn adds to the prompt: the answer before it, and a question. */
const ADDED_TOKENS = 300;

/**
 * Routes by the router's own code, its knowledge of sites included, and serves by simulated sites. One
 * isolate routes all; it learns a TTFT when the first token is out. A conversation's prompt but for its
 * last turn is in the cache of the site that had it before, and nowhere else.
 */
export function withSlowSite(spec: SlowSiteSpec): Served[] {
  const { fleet, slow } = spec;
  const open = publicFleet(fleet);
  const classIndex = open.classes.findIndex((c) => c.id === spec.class);
  const cls = open.classes[classIndex] as (typeof open.classes)[number];
  const zone = open.zones.find((z) => z.id === spec.zone) as (typeof open.zones)[number];
  const shares = { [cls.id]: { [zone.id]: spec.shares.map(([s, w]): [string, number] => [s, w]) } };
  const queue = new EventQueue<Event>();
  const health = new SiteHealth(
    new Map(
      open.sites.map(({ id, hardware: { servers, batch } }) => {
        return [id, { capacity: servers, concurrency: servers * batch }];
      }),
    ),
  );
  const steering = spec.steering && new Steering(spec.steering);
  const served: Served[] = [];
  const caches = new Map<number, string>();
  let untimed: Flight[] = [];
  const random = randomOf(spec.seed, 'sessions');
  const sites = new Map(
    fleet.sites.map((site) => {
      const simulated: SimulatedSite = new SimulatedSite(site, {
        fromS: 0,
        toS: 1,
        slotS: 1,
        slots: 1,
        headroom: 0,
        schedule: (server) => queue.push(server.nextS, { kind: 'server', server, site: simulated }),
        onFinished: (job) => finished(job as Flight),
      });
      return [site.id, { site, simulated }];
    }),
  );
  queue.push(0, { kind: 'session' });
  let sessions = 0;
  for (let event = queue.pop(); event; event = queue.pop()) {
    const { timeS, item } = event;
    if (item.kind === 'server') {
      if (item.server.nextS === timeS) item.site.advance(item.server);
    } else if (item.kind === 'arrival') {
      item.site.arrive(item.flight, timeS);
    } else if (item.kind === 'turn') {
      route(item.turn, timeS);
    } else {
      const session = sessions++;
      const own = randomOf(spec.seed, `session ${session}`);
      const turns = geometric(spec.turns, own);
      route({ session, turn: 0, turns, random: own }, timeS);
      const nextS = timeS - Math.log(1 - random()) / spec.sessionsPerS;
      if (nextS < spec.durationS) queue.push(nextS, item);
    }
  }
  look(Number.POSITIVE_INFINITY);
  return served;

  function finished({ session, turn, turns, random, finishedS, served }: Flight): void {
    health.end(served.site);
    if (turn + 1 >= turns) return;
    const pauseS = -Math.log(1 - random()) * spec.pauseS;
    const next = { session, turn: turn + 1, turns, random };
    queue.push(finishedS + pauseS, { kind: 'turn', turn: next });
  }

  /** Tells the router of the first tokens it has seen by now. */
  function look(nowS: number): void {
    const waiting: Flight[] = [];
    for (const flight of untimed) {
      const { served, expectedMs, firstTokenS } = flight;
      const { site } = served;
      // NaN until its prompt is through.
      if (!(firstTokenS <= nowS)) {
        waiting.push(flight);
        continue;
      }
      served.ttftMs = (firstTokenS - served.atS) * 1000 + estimateOneWayMs(site);
      const nowMs = firstTokenS * 1000;
      health.judge(site, { kind: 'began' }, nowMs);
      health.judge(site, { kind: 'spoke', ttftMs: served.ttftMs, expectedMs }, nowMs);
      health.judge(site, { kind: 'answered' }, nowMs);
      if (flight.turn === 0) steering?.timed(site, served.ttftMs, expectedMs, nowMs);
    }
    untimed = waiting;
  }

  function estimateOneWayMs(site: string): number {
    return (
      estimateRttMs(zone, open.sites.find((s) => s.id === site) as (typeof open.sites)[number]) / 2
    );
  }

  function route(turn: Turn, atS: number): void {
    look(atS);
    const nowMs = atS * 1000;
    const session = digest(`session ${turn.session}`);
    const tokens = cls.meanInputTokens + turn.turn * ADDED_TOKENS;
    const expectedMs = (id: string) => {
      const site = open.sites.find((s) => s.id === id) as (typeof open.sites)[number];
      return requestTtftMs(zone, site, cls, tokens);
    };
    const ranked = candidateSites(open, zone, classIndex, shares, session, nowMs);
    const request = {
      flow: `${cls.id} ${zone.id}`,
      session,
      isFirst: turn.turn === 0,
      shares: spec.shares,
      expectedMs,
    };
    const steered = steering?.order(ranked, request, nowMs) ?? { sites: ranked };
    const order = spec.passesOver ? health.order(steered.sites, nowMs) : steered.sites;
    const asked = order[0] as string;
    steering?.note(request, ranked[0] as string, steered.sites[0] as string, asked, nowMs);
    health.begin(asked, nowMs);
    const { site, simulated } = sites.get(asked) as NonNullable<ReturnType<typeof sites.get>>;
    const cached = caches.get(turn.session) === asked ? tokens - ADDED_TOKENS : 0;
    caches.set(turn.session, asked);
    const isSlow = asked === slow.site && atS >= slow.fromS && atS < slow.toS;
    const hw = hardwareProfiles[site.hardware.profile];
    const flight: Flight = {
      ...turn,
      prefillS: (prefillMs(hw, tokens - cached) / 1000) * (isSlow ? slow.factor : 1),
      outputTokens: Math.round(cls.meanOutputTokens),
      arrivedS: atS + estimateOneWayMs(asked) / 1000,
      startedS: Number.NaN,
      firstTokenS: Number.NaN,
      finishedS: Number.NaN,
      expectedMs: expectedMs(asked),
      served: {
        session: turn.session,
        turn: turn.turn,
        site: asked,
        atS,
        ttftMs: Number.NaN,
        moved: steered.moved,
      },
    };
    served.push(flight.served);
    untimed.push(flight);
    queue.push(flight.arrivedS, { kind: 'arrival', flight, site: simulated });
  }
}

function geometric(mean: number, random: Random): number {
  let n = 1;
  while (random() > 1 / mean) n++;
  return n;
}
