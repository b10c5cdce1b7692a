import { sleepUntil } from './clock.ts';
import { Slots } from './slots.ts';

/** Lag beyond this (a stalled process) is forgotten instead of being caught up in a burst. */
const MAX_LAG_MS = 100;

export interface LoadOptions {
  servers: number;
  maxBatchPerServer: number;
  prefillMs: (inputTokens: number) => number;
  decodeStepMs: (batch: number) => number;
  timeScale: number;
}

export interface Job {
  inputTokens: number;
  outputTokens: number;
  /** Above 1 while the site is made slow. */
  prefillFactor: number;
  /** Aborting ends the job at once and makes run() reject. */
  signal: AbortSignal;
  onToken(index: number): void;
}

interface Sequence {
  job: Job;
  emitted: number;
  finish(error?: unknown): void;
}

/** One tensor-parallel server: prefills one at a time, decodes all its sequences in step. */
class Server {
  running = 0;
  private readonly prefillSlot = new Slots(1);
  private prefillEndMs = 0;
  private readonly decoding = new Set<Sequence>();
  private stepping = false;
  private readonly options: LoadOptions;

  constructor(options: LoadOptions) {
    this.options = options;
  }

  async prefill(job: Job): Promise<void> {
    const arrivedMs = performance.now();
    await this.prefillSlot.acquire(job.signal);
    try {
      // Start where the prefill before this one nominally ended, not where its timer fired.
      const startMs = Math.max(arrivedMs, this.prefillEndMs);
      const workMs = this.options.prefillMs(job.inputTokens) * job.prefillFactor;
      const endMs = startMs + workMs * this.options.timeScale;
      await sleepUntil(endMs, job.signal);
      this.prefillEndMs = endMs;
    } catch (error) {
      this.prefillEndMs = performance.now();
      throw error;
    } finally {
      this.prefillSlot.release();
    }
  }

  /** Emits every token after the first, which prefill itself gives. */
  decode(job: Job): Promise<void> {
    return new Promise((resolve, reject) => {
      if (job.signal.aborted) {
        reject(job.signal.reason);
        return;
      }
      const onAbort = () => sequence.finish(job.signal.reason);
      const sequence: Sequence = {
        job,
        emitted: 1,
        finish: (error) => {
          job.signal.removeEventListener('abort', onAbort);
          this.decoding.delete(sequence);
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      job.signal.addEventListener('abort', onAbort, { once: true });
      this.decoding.add(sequence);
      if (!this.stepping) void this.stepAll();
    });
  }

  private async stepAll(): Promise<void> {
    this.stepping = true;
    let atMs = performance.now();
    try {
      while (this.decoding.size > 0) {
        // Whoever joins during a step takes part from the next one: continuous batching.
        const batch = [...this.decoding];
        const stepMs = this.options.decodeStepMs(batch.length) * this.options.timeScale;
        atMs = Math.max(atMs + stepMs, performance.now() - MAX_LAG_MS);
        await sleepUntil(atMs);
        for (const sequence of batch) {
          if (this.decoding.has(sequence)) this.emit(sequence);
        }
      }
    } catch (error) {
      for (const sequence of [...this.decoding]) sequence.finish(error);
    } finally {
      this.stepping = false;
    }
  }

  private emit(sequence: Sequence): void {
    sequence.job.onToken(sequence.emitted);
    sequence.emitted += 1;
    if (sequence.emitted >= sequence.job.outputTokens) sequence.finish();
  }
}

/** The site's servers behind one first-come-first-served queue. */
export class SiteLoad {
  peakRunning = 0;
  peakQueued = 0;
  private readonly servers: Server[];
  private readonly places: Slots;

  constructor(options: LoadOptions) {
    this.servers = Array.from({ length: options.servers }, () => new Server(options));
    this.places = new Slots(options.servers * options.maxBatchPerServer);
  }

  get queued(): number {
    return this.places.waiting;
  }

  get runningPerServer(): number[] {
    return this.servers.map((server) => server.running);
  }

  get running(): number {
    return this.servers.reduce((sum, server) => sum + server.running, 0);
  }

  /** Resolves after the last token; rejects as soon as the job's signal aborts. */
  async run(job: Job): Promise<void> {
    const placed = this.places.acquire(job.signal);
    this.peakQueued = Math.max(this.peakQueued, this.queued);
    await placed;
    // A place is held, so the least busy server is below its batch limit.
    const server = this.servers.reduce((a, b) => (b.running < a.running ? b : a));
    server.running += 1;
    this.peakRunning = Math.max(this.peakRunning, this.running);
    try {
      await server.prefill(job);
      job.onToken(0);
      if (job.outputTokens > 1) await server.decode(job);
    } finally {
      server.running -= 1;
      this.places.release();
    }
  }
}
