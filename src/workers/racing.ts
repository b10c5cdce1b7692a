import type { PublicSite } from '../core/model/fleet.ts';
import { attempt, type Finished, type Question, type Run } from './attempt.ts';

/** A request's attempts under way: one, or for a while two. */
export class Racing {
  readonly #question: Question;
  /** Each until its end has been taken, or it was aborted. */
  readonly #running = new Map<Run, Promise<Finished>>();

  constructor(question: Question) {
    this.#question = question;
  }

  get isIdle(): boolean {
    return this.#running.size === 0;
  }

  start(site: PublicSite, body: string, limitMs: number, isHedge = false): void {
    const controller = new AbortController();
    const run: Run = { site, controller, begunMs: Date.now(), limitMs, isHedge };
    this.#running.set(run, attempt(this.#question, run, body));
  }

  /** The first to come to its end; `undefined` if none does for so long. */
  async first(withinMs?: number): Promise<Finished | undefined> {
    const [only] = this.#running.values();
    const isAlone = withinMs === undefined && this.#running.size === 1;
    const first = await (isAlone ? only : this.#quickest(withinMs));
    if (first) this.#running.delete(first.run);
    return first;
  }

  async #quickest(withinMs?: number): Promise<Finished | undefined> {
    let timer: number | null = null;
    const contenders: Promise<Finished | undefined>[] = [...this.#running.values()];
    if (withinMs !== undefined) {
      const timeUp = new Promise<undefined>((resolve) => {
        timer = setTimeout(() => resolve(undefined), withinMs);
      });
      contenders.push(timeUp);
    }
    const first = await Promise.race(contenders);
    clearTimeout(timer);
    return first;
  }

  /** Aborts all that is under way; returns what that was. */
  abort(reason: Error): Run[] {
    const running = [...this.#running];
    this.#running.clear();
    for (const [run, finished] of running) {
      run.controller.abort(reason);
      // Should its first byte be here already, nobody reads on.
      finished
        .then(async (f) => {
          if ('reply' in f) await f.reply.rest?.reader.cancel(reason);
        })
        .catch(() => {});
    }
    return running.map(([run]) => run);
  }
}
