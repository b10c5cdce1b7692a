import type { PublicSite } from '../core/model/fleet.ts';
import { withModel } from '../core/routing/model-field.ts';
import { StreamEnd } from '../core/routing/stream-end.ts';
import type { AnswerWatch } from './account.ts';
import {
  type Answer,
  clientClosed,
  type Ended,
  late,
  refused,
  unavailable,
  wholeResponse,
} from './answers.ts';
import type { Asked } from './asked.ts';
import { Late, type Question, type Reply, type Run } from './attempt.ts';
import { fleet } from './fleet.ts';
import type { Attempt } from './outcome.ts';
import { Racing } from './racing.ts';
import { relay } from './relay.ts';
import { health, retryBudget } from './site-health.ts';
import { isRefusal, passedOnHeaders } from './upstream.ts';
import { Verdicts } from './verdicts.ts';

/** Sites tried for one request. */
const MAX_ATTEMPTS = 3;

const sitesById = new Map(fleet.sites.map((s) => [s.id, s]));

export interface Limits {
  /** To a stream's first byte, and between two chunks of it. */
  firstByteMs: number;
  idleMs: number;
  /** What the gateway gives the whole answer. */
  wholeMs: number;
  /** When it has to be over, and whether that is the client's wish. */
  deadlineAtMs: number;
  isClients: boolean;
  /** Without a first byte for so long, the next site is asked beside the first. */
  hedgeAfterMs?: number;
}

/** Asks the sites in order until one does not refuse; nothing is retried after its first byte. */
export class Forwarding {
  readonly #asked: Asked;
  readonly #limits: Limits;
  readonly #watch: AnswerWatch;
  readonly #verdicts: Verdicts;
  readonly #racing: Racing;
  readonly #startedMs = Date.now();
  readonly #attempts: Attempt[] = [];
  readonly #texts = new Map<string, string>();
  #isGone = false;
  #leave: () => void;

  /** @param client tells clients apart */
  constructor(
    asked: Asked,
    question: Question,
    limits: Limits,
    watch: AnswerWatch,
    client: string,
  ) {
    this.#verdicts = new Verdicts(asked, client);
    this.#asked = asked;
    this.#limits = limits;
    this.#watch = watch;
    this.#racing = new Racing(question);
    this.#leave = () => this.#drop(new Error('the client has left'));
  }

  /** The client has left: whatever is under way ends now, at whichever sites. */
  clientGone(): void {
    this.#isGone = true;
    this.#leave();
  }

  async run(order: readonly string[]): Promise<Answer> {
    const answer = await this.#ask(order);
    this.#verdicts.close();
    return answer;
  }

  async #ask(order: readonly string[]): Promise<Answer> {
    const waiting = order.slice(0, MAX_ATTEMPTS);
    let { hedgeAfterMs } = this.#limits;
    let refusal: { reply: Reply; site: string } | undefined;
    while (!this.#isGone) {
      if (this.#racing.isIdle) {
        const id = waiting[0];
        if (id === undefined || (this.#attempts.length > 0 && !retryBudget.spend())) break;
        if (this.#limitMs() <= 0) return this.#late(id, 'No site answered before the deadline.');
        this.#start(waiting.shift() as string);
      }
      const finished = await this.#racing.first(hedgeAfterMs);
      if (this.#isGone) break;
      if (finished === undefined) {
        hedgeAfterMs = undefined;
        const id = waiting[0];
        const isWell = id !== undefined && !health.isOut(id, Date.now());
        if (isWell && this.#limitMs() > 0 && retryBudget.spend()) {
          this.#start(waiting.shift() as string, true);
        }
      } else if ('error' in finished) {
        const answer = this.#failed(finished.run, finished.error);
        if (answer) return answer;
      } else {
        const { run, reply } = finished;
        if (reply.fault === undefined && !isRefusal(reply.upstream.status)) {
          return this.#answer(run, reply);
        }
        this.#noteRefused(run, reply);
        if (reply.fault === undefined) refusal = { reply, site: run.site.id };
      }
    }
    if (this.#isGone) return clientClosed(this.#attempts);
    return refusal
      ? refused(refusal.reply, refusal.site, this.#attempts)
      : unavailable(this.#attempts, order.length > 0);
  }

  #start(id: string, isHedge = false): void {
    const site = sitesById.get(id) as PublicSite;
    health.begin(id, Date.now());
    this.#racing.start(site, this.#textFor(site), this.#limitMs(), isHedge);
  }

  /** Ends all attempts under way, and notes them. */
  #drop(reason: Error): Run[] {
    const runs = this.#racing.abort(reason);
    for (const { site } of runs) health.end(site.id);
    return runs;
  }

  #note({ site, isHedge }: Run, attempt: Omit<Attempt, 'site'>): void {
    this.#attempts.push({ site: site.id, ...(isHedge && { isHedge }), ...attempt });
  }

  /** An attempt without an answer. Returns what the client gets, if no other site is to be asked. */
  #failed(run: Run, error: Error): Answer | undefined {
    const { site, limitMs, begunMs } = run;
    health.end(site.id);
    this.#note(run, { ms: Date.now() - begunMs, fault: error.message });
    // Without a stream it may still be at work: asking another, or the SDK's asking again, would
    // double that. With one, the deadline of the whole may come before that of its first byte.
    const isWhole = !this.#asked.streams || limitMs < this.#limits.firstByteMs;
    if (!(error instanceof Late && isWhole)) {
      this.#verdicts.failed(site.id);
      return undefined;
    }
    if (this.#isSitesFault(limitMs)) this.#verdicts.failed(site.id);
    return this.#late(site.id, error.message);
  }

  #late(site: string, message: string): Answer {
    for (const run of this.#drop(new Error('the deadline has passed'))) {
      this.#note(run, { ms: Date.now() - run.begunMs, fault: message });
    }
    return late(site, message, this.#limits.isClients, this.#attempts);
  }

  #limitMs(): number {
    const leftMs = this.#limits.deadlineAtMs - Date.now();
    return this.#asked.streams ? Math.min(leftMs, this.#limits.firstByteMs) : leftMs;
  }

  /** Whether it is the site that was late: not where the client had less patience than the gateway. */
  #isSitesFault(limitMs: number): boolean {
    const { wholeMs, firstByteMs, isClients } = this.#limits;
    const ownMs = this.#asked.streams ? Math.min(wholeMs, firstByteMs) : wholeMs;
    // Nor where sites before it have used up most of the time.
    return !isClients && limitMs >= ownMs / 2;
  }

  /** The request as a site gets it, written once for each name that sites serve the model under. */
  #textFor(site: PublicSite): string {
    const { text, cls } = this.#asked;
    const model = site.upstream.models[cls.model] as string;
    let written = this.#texts.get(model);
    if (written === undefined) {
      written = withModel(text, model);
      this.#texts.set(model, written);
    }
    return written;
  }

  #noteRefused(run: Run, { upstream, ms, fault }: Reply): void {
    health.end(run.site.id);
    const { status } = upstream;
    this.#note(run, { status, ms, fault: fault ?? `answered ${status}` });
    this.#verdicts.refused(run.site.id, upstream);
  }

  #answer(run: Run, reply: Reply): Answer {
    const { upstream, whole, rest, ms } = reply;
    const { site, controller } = run;
    const asked = this.#asked;
    const streamed = rest !== undefined && asked.streams;
    for (const loser of this.#drop(new Error('another site was quicker'))) {
      const lostMs = Date.now() - loser.begunMs;
      this.#note(loser, { ms: lostMs, overtaken: true });
      this.#verdicts.overtaken(loser.site, lostMs);
    }
    this.#verdicts.began(site.id, upstream.status);
    this.#note(run, { status: upstream.status, ms });
    const common = {
      site: site.id,
      ...(streamed && { ttftMs: Date.now() - this.#startedMs }),
      attempts: this.#attempts,
    };
    if (rest === undefined) {
      this.#leave = () => {};
      health.end(site.id);
      this.#verdicts.answered(site.id);
      const bytes = whole ?? new Uint8Array();
      if (upstream.ok) this.#watch.whole(site, bytes);
      return {
        ...common,
        response: wholeResponse(reply, site.id),
        end: { outcome: 'ok', answerBytes: bytes.byteLength },
      };
    }
    const spoke = () => this.#verdicts.spoke(site, Date.now() - run.begunMs);
    const ending = streamed ? asked.endpoint.ending : undefined;
    const passing = relay(rest.first, rest.reader, {
      site: site.id,
      end: ending && new StreamEnd(ending),
      filter: upstream.ok ? this.#watch.passing(site, streamed, spoke) : undefined,
      idleMs: this.#limits.idleMs,
      deadlineAtMs: this.#limits.deadlineAtMs,
      abort: (reason) => controller.abort(reason),
    });
    this.#leave = () => passing.clientGone();
    const end = passing.done.then(({ kind, code, bytes, siteError }): Ended => {
      health.end(site.id);
      // A deadline is the client's or ours; silence and broken connections are the site's.
      const failed = kind === 'broken' || code === 'upstream_idle';
      if (siteError) {
        if (!siteError.isClients) this.#verdicts.suspect(site.id);
      } else if (failed) this.#verdicts.failed(site.id);
      else if (kind === 'ok') this.#verdicts.answered(site.id);
      return { outcome: kind, code, answerBytes: bytes };
    });
    const { status } = upstream;
    const response = { status, headers: passedOnHeaders(upstream), body: passing.body };
    return { ...common, response, end };
  }
}
