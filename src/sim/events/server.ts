/** A request at a site; what is known of it, and what became of it. */
export interface Job {
  /** Time its prompt takes alone on a server of the site, s. */
  prefillS: number;
  outputTokens: number;
  arrivedS: number;
  /** Set when the prompt's turn comes, when the first token is out, and after the last. */
  startedS: number;
  firstTokenS: number;
  finishedS: number;
}

export type Phase = 'asleep' | 'idle' | 'prefill' | 'decode';

/** How a server works, and who hears of it. */
export interface ServerRules {
  /** Most sequences at once, those waiting for their prefill included. */
  batch: number;
  /** Time of one decode step, s. */
  decodeStepS: (sequences: number) => number;
  /** A phase lasted from one time to another, with so many sequences in the batch. */
  onPhase?: (phase: Phase, fromS: number, toS: number, sequences: number) => void;
  onFinished: (job: Job, nowS: number) => void;
}

interface Sequence {
  job: Job;
  /** Value of the step counter after its last token. */
  endStep: number;
}

/**
 * A tensor-parallel LLM server with continuous batching: it works on one prompt at a time, and while
 * it does, decoding stands still; without a prompt to work on, one step after the other gives every
 * sequence of the batch a token. A prompt that comes during a step waits for its end. So does
 * splitwise-sim, whose times these are, and so did vLLM before chunked prefill. The first token comes
 * with the end of the prefill, the others one a step.
 */
export class LlmServer {
  phase: Phase = 'asleep';
  /** When the present phase ends; Infinity while there is nothing to do. */
  nextS = Number.POSITIVE_INFINITY;
  readonly #rules: ServerRules;
  /** Begin of what is not reported yet, and of the present phase. */
  #sinceS = 0;
  #phaseFromS = 0;
  #prompts: Job[] = [];
  /** Work of the prompts that wait, s. */
  #promptsS = 0;
  #current: Job | undefined;
  #sequences: Sequence[] = [];
  #steps = 0;
  #runSteps = 0;
  #stepS = 0;

  constructor(rules: ServerRules) {
    this.#rules = rules;
  }

  /** Requests it has taken on and not finished. */
  get taken(): number {
    return this.#sequences.length + this.#prompts.length + (this.#current ? 1 : 0);
  }

  /** Time until it is through with the prompts it has, s: those who come now wait about as long. */
  backlogS(nowS: number): number {
    return (this.phase === 'prefill' ? this.nextS - nowS : 0) + this.#promptsS;
  }

  /** Prompts not yet done. */
  get prompts(): number {
    return this.#prompts.length + (this.#current ? 1 : 0);
  }

  admit(job: Job, nowS: number): void {
    this.#prompts.push(job);
    this.#promptsS += job.prefillS;
    if (this.phase === 'asleep' || this.phase === 'idle') this.#next(nowS);
    else if (this.phase === 'decode') this.#stopAfterStep(nowS);
  }

  /** A server with nothing to do sleeps or wakes; a busy one goes on. */
  rest(phase: 'asleep' | 'idle', nowS: number): void {
    if (this.taken > 0 || this.phase === phase) return;
    this.#enter(phase, nowS);
  }

  /** Ends the phase that ends at `nextS`, and begins the next. */
  advance(): void {
    const nowS = this.nextS;
    this.settle(nowS);
    if (this.phase === 'prefill') this.#endPrefill(nowS);
    else this.#endRun(nowS);
    this.#next(nowS);
  }

  /** Tells what has passed of the present phase. */
  settle(nowS: number): void {
    this.#report(nowS);
    this.#sinceS = nowS;
  }

  #next(nowS: number): void {
    const job = this.#prompts.shift();
    if (job) {
      this.#promptsS = this.#prompts.length > 0 ? this.#promptsS - job.prefillS : 0;
      this.#current = job;
      job.startedS = nowS;
      this.#enter('prefill', nowS);
      this.nextS = nowS + job.prefillS;
    } else if (this.#sequences.length > 0) {
      const endStep = this.#sequences.reduce((least, s) => Math.min(least, s.endStep), Infinity);
      this.#runSteps = endStep - this.#steps;
      this.#stepS = this.#rules.decodeStepS(this.#sequences.length);
      this.#enter('decode', nowS);
      this.nextS = nowS + this.#runSteps * this.#stepS;
    } else {
      this.#enter('idle', nowS);
    }
  }

  #endPrefill(nowS: number): void {
    const job = this.#current as Job;
    this.#current = undefined;
    job.firstTokenS = nowS;
    const left = job.outputTokens - 1;
    if (left > 0) this.#sequences.push({ job, endStep: this.#steps + left });
    else this.#finish(job, nowS);
  }

  #endRun(nowS: number): void {
    this.#steps += this.#runSteps;
    const done = this.#sequences.filter((s) => s.endStep <= this.#steps);
    if (done.length === 0) return;
    this.#sequences = this.#sequences.filter((s) => s.endStep > this.#steps);
    for (const { job } of done) this.#finish(job, nowS);
  }

  /** Cuts a run of decode steps short at the end of the one under way. */
  #stopAfterStep(nowS: number): void {
    const begun = Math.max(1, Math.ceil((nowS - this.#phaseFromS) / this.#stepS - 1e-9));
    if (begun >= this.#runSteps) return;
    this.#runSteps = begun;
    this.nextS = this.#phaseFromS + begun * this.#stepS;
  }

  #finish(job: Job, nowS: number): void {
    job.finishedS = nowS;
    this.#rules.onFinished(job, nowS);
  }

  #enter(phase: Phase, nowS: number): void {
    this.#report(nowS);
    this.phase = phase;
    this.#sinceS = nowS;
    this.#phaseFromS = nowS;
    this.nextS = Number.POSITIVE_INFINITY;
  }

  #report(nowS: number): void {
    if (nowS > this.#sinceS) {
      this.#rules.onPhase?.(this.phase, this.#sinceS, nowS, this.#sequences.length);
    }
  }
}
