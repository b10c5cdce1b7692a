import type { Site } from '../../core/model/fleet.ts';
import { decodeStepMs, hardwareProfiles, idleServerKw } from '../../core/model/hardware.ts';
import { type Job, LlmServer, type Phase } from './server.ts';

/** What a site's servers did in the measured time, summed over them, in server-seconds. */
export interface SiteMeter {
  phaseS: Record<Phase, number>;
  /** Sequences in the batch over the time of decoding: mean batch = sequenceS / phaseS.decode. */
  sequenceS: number;
  /** IT energy by slot of the plan, kWh. */
  itKwhBySlot: Float64Array;
}

export interface SiteOptions {
  /** Measured time. */
  fromS: number;
  toS: number;
  slotS: number;
  slots: number;
  /** Servers' worth of room kept awake. */
  headroom: number;
  /** Most prompts for each server in use while others do nothing; {@link PROMPTS_PER_SERVER}. */
  promptsPerServer?: number;
  /** A server has something to do at its `nextS`. */
  schedule: (server: LlmServer) => void;
  onFinished: (job: Job) => void;
}

/** One at work and one that waits: fewer would wake servers for every burst, more would let it wait. */
const PROMPTS_PER_SERVER = 2;

/**
 * A site: servers behind one queue, first come, first served. A request goes to the server that is
 * through with its prompts soonest, of equals to the one with the fewest sequences; it waits in the
 * queue only while no server has room in its batch. So many servers are in use, one at least, that none
 * would be filled beyond u_max of its batch, nor have more than so many prompts while others do nothing.
 * Those beyond take nothing new, and idle or sleep once they are through. Waking takes no time.
 */
export class SimulatedSite {
  readonly meter: SiteMeter;
  readonly #site: Site;
  readonly #servers: LlmServer[];
  readonly #options: SiteOptions;
  readonly #kw: Record<Phase, number>;
  readonly #queue: Job[] = [];
  #queueHead = 0;
  #present = 0;
  #inUse = -1;

  constructor(site: Site, options: SiteOptions) {
    const hw = hardwareProfiles[site.hardware.profile];
    const idleKw = idleServerKw(hw);
    this.#site = site;
    this.#options = options;
    this.#kw = {
      asleep: Math.min(site.cost.sleepServerKw, idleKw),
      idle: idleKw,
      prefill: (idleKw * hw.prefillW) / hw.idleW,
      decode: (idleKw * hw.decodeW) / hw.idleW,
    };
    this.meter = {
      phaseS: { asleep: 0, idle: 0, prefill: 0, decode: 0 },
      sequenceS: 0,
      itKwhBySlot: new Float64Array(options.slots),
    };
    const { batch, servers } = site.hardware;
    const steps = Array.from({ length: batch + 1 }, (_, n) => decodeStepMs(hw, n) / 1000);
    this.#servers = Array.from({ length: servers }, () => {
      return new LlmServer({
        batch,
        decodeStepS: (n) => steps[n] as number,
        onPhase: (phase, fromS, toS, sequences) => this.#record(phase, fromS, toS, sequences),
        onFinished: (job) => {
          this.#present--;
          options.onFinished(job);
        },
      });
    });
    this.#resize(0);
    for (let n = 0; n < servers; n++) this.#settleDown(n, 0);
  }

  /** Requests at the site, waiting or at work. */
  get present(): number {
    return this.#present;
  }

  get #waiting(): number {
    return this.#queue.length - this.#queueHead;
  }

  arrive(job: Job, nowS: number): void {
    this.#present++;
    this.#queue.push(job);
    this.#resize(nowS);
    this.#dispatch(nowS);
  }

  /** A server's phase ends. */
  advance(server: LlmServer): void {
    const nowS = server.nextS;
    server.advance();
    this.#resize(nowS);
    this.#dispatch(nowS);
    if (server.nextS < Infinity) this.#options.schedule(server);
    else this.#settleDown(this.#servers.indexOf(server), nowS);
  }

  /** Closes the meter. */
  settle(nowS: number): void {
    for (const server of this.#servers) server.settle(nowS);
  }

  /** Servers that take requests. */
  #resize(nowS: number): void {
    const { servers, batch } = this.#site.hardware;
    const filled = this.#present / (batch * this.#site.maxUtilisation);
    const prompts = this.#servers.reduce((n, s) => n + s.prompts, this.#waiting);
    const perServer = this.#options.promptsPerServer ?? PROMPTS_PER_SERVER;
    const headroom = this.#options.headroom / this.#site.maxUtilisation;
    const inUse = Math.min(
      servers,
      Math.max(1, Math.ceil(prompts / perServer), Math.ceil(filled + headroom)),
    );
    if (inUse === this.#inUse) return;
    const before = this.#inUse;
    this.#inUse = inUse;
    for (let n = Math.max(0, Math.min(before, inUse)); n < Math.max(before, inUse); n++) {
      this.#settleDown(n, nowS);
    }
  }

  #settleDown(n: number, nowS: number): void {
    const sleeps = this.#site.cost.idle === 'sleep' && n >= this.#inUse;
    this.#servers[n]?.rest(sleeps ? 'asleep' : 'idle', nowS);
  }

  #dispatch(nowS: number): void {
    while (this.#waiting > 0) {
      const server = this.#choose(nowS);
      if (!server) break;
      const job = this.#queue[this.#queueHead++] as Job;
      const before = server.nextS;
      server.admit(job, nowS);
      if (server.nextS !== before) this.#options.schedule(server);
    }
    if (this.#queueHead > 1024 && this.#queueHead * 2 > this.#queue.length) {
      this.#queue.splice(0, this.#queueHead);
      this.#queueHead = 0;
    }
  }

  #choose(nowS: number): LlmServer | undefined {
    let best: LlmServer | undefined;
    let bestS = Number.POSITIVE_INFINITY;
    for (let n = 0; n < this.#inUse; n++) {
      const server = this.#servers[n] as LlmServer;
      if (server.taken >= this.#site.hardware.batch) continue;
      const backlogS = server.backlogS(nowS);
      if (backlogS > bestS || (backlogS === bestS && best && server.taken >= best.taken)) continue;
      best = server;
      bestS = backlogS;
    }
    return best;
  }

  #record(phase: Phase, fromS: number, toS: number, sequences: number): void {
    const { meter } = this;
    const { slotS, slots } = this.#options;
    let at = Math.max(fromS, this.#options.fromS);
    const end = Math.min(toS, this.#options.toS);
    while (at < end) {
      const slot = Math.min(slots - 1, Math.floor((at - this.#options.fromS) / slotS + 1e-9));
      const until =
        slot === slots - 1 ? end : Math.min(end, this.#options.fromS + (slot + 1) * slotS);
      const lastedS = until - at;
      meter.phaseS[phase] += lastedS;
      if (phase === 'decode') meter.sequenceS += lastedS * sequences;
      meter.itKwhBySlot[slot] =
        (meter.itKwhBySlot[slot] as number) + (this.#kw[phase] * lastedS) / 3600;
      at = until;
    }
  }
}
