import type { PublicSite } from '../core/model/fleet.ts';
import { withModel } from '../core/routing/model-field.ts';
import { StreamEnd } from '../core/routing/stream-end.ts';
import type { AnswerWatch } from './account.ts';
import type { Asked } from './asked.ts';
import { attempt, Late, type Question, type Reply } from './attempt.ts';
import { fleet } from './fleet.ts';
import { openAiError } from './openai-error.ts';
import type { Attempt, OutcomeKind } from './outcome.ts';
import { relay } from './relay.ts';
import { health, retryBudget } from './site-health.ts';
import { contentKind, isRefusal, passedOnHeaders } from './upstream.ts';
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
}

/** How it ended, once it has. */
export interface Ended {
  outcome: OutcomeKind;
  code?: string;
  answerBytes: number;
}

export interface Answer {
  response: Response;
  site?: string;
  /** Time to a stream's first byte. */
  ttftMs?: number;
  attempts: Attempt[];
  end: Ended | Promise<Ended>;
}

/** Asks the sites in order until one does not refuse; nothing is retried after its first byte. */
export class Forwarding {
  readonly #asked: Asked;
  readonly #question: Question;
  readonly #limits: Limits;
  readonly #watch: AnswerWatch;
  readonly #verdicts: Verdicts;
  readonly #startedMs = Date.now();
  readonly #attempts: Attempt[] = [];
  readonly #texts = new Map<string, string>();
  #isGone = false;
  #leave: () => void = () => {};

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
    this.#question = question;
    this.#limits = limits;
    this.#watch = watch;
  }

  /** The client has left: whatever is under way ends now, at whichever site. */
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
    let refusal: { reply: Reply; site: string } | undefined;
    for (const id of order.slice(0, MAX_ATTEMPTS)) {
      if (this.#isGone) return this.#clientClosed();
      if (this.#attempts.length > 0 && !retryBudget.spend()) break;
      const site = sitesById.get(id) as PublicSite;
      const limitMs = this.#limitMs();
      if (limitMs <= 0) return this.#late(id, `No site answered before the deadline.`);
      const controller = new AbortController();
      this.#leave = () => controller.abort(new Error('the client has left'));
      const begunMs = Date.now();
      health.begin(id, begunMs);
      try {
        const reply = await attempt(this.#question, site, this.#textFor(site), limitMs, controller);
        if (reply.fault === undefined && !isRefusal(reply.upstream.status)) {
          return this.#answer(reply, site, controller);
        }
        health.end(id);
        this.#noteRefused(id, reply);
        if (reply.fault === undefined) refusal = { reply, site: id };
      } catch (error) {
        health.end(id);
        if (this.#isGone) return this.#clientClosed();
        const ms = Date.now() - begunMs;
        this.#attempts.push({ site: id, ms, fault: (error as Error).message });
        // Without a stream it may still be at work: asking another, or the SDK's asking again, would
        // double that. With one, the deadline of the whole may come before that of its first byte.
        const isWhole = !this.#asked.streams || limitMs < this.#limits.firstByteMs;
        if (error instanceof Late && isWhole) {
          if (this.#isSitesFault(limitMs)) this.#verdicts.failed(id);
          return this.#late(id, error.message);
        }
        this.#verdicts.failed(id);
      }
    }
    return refusal ? this.#refused(refusal.reply, refusal.site) : this.#unavailable(order);
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

  #noteRefused(site: string, reply: Reply): void {
    const { status } = reply.upstream;
    this.#attempts.push({ site, status, ms: reply.ms, fault: reply.fault ?? `answered ${status}` });
    this.#verdicts.refused(site, reply.upstream);
  }

  #answer(reply: Reply, site: PublicSite, controller: AbortController): Answer {
    const { upstream, whole, rest, ms } = reply;
    const asked = this.#asked;
    const streamed = rest !== undefined && asked.streams;
    const nowMs = Date.now();
    this.#verdicts.began(site, upstream.status, streamed ? ms : undefined);
    this.#attempts.push({ site: site.id, status: upstream.status, ms });
    const common = {
      site: site.id,
      ...(streamed && { ttftMs: nowMs - this.#startedMs }),
      attempts: this.#attempts,
    };
    const init = { status: upstream.status, headers: passedOnHeaders(upstream) };
    if (rest === undefined) {
      this.#leave = () => {};
      health.end(site.id);
      this.#verdicts.answered(site.id);
      const bytes = whole ?? new Uint8Array();
      if (upstream.ok) this.#watch.whole(site, bytes);
      return {
        ...common,
        response: readable(upstream)
          ? new Response(bodyOf(bytes), init)
          : wrapped(upstream, site.id),
        end: { outcome: 'ok', answerBytes: bytes.byteLength },
      };
    }
    const ending = streamed ? asked.endpoint.ending : undefined;
    const passing = relay(rest.first, rest.reader, {
      site: site.id,
      end: ending && new StreamEnd(ending),
      filter: upstream.ok ? this.#watch.passing(site, streamed) : undefined,
      idleMs: this.#limits.idleMs,
      deadlineAtMs: this.#limits.deadlineAtMs,
      abort: (reason) => controller.abort(reason),
    });
    this.#leave = () => passing.clientGone();
    const end = passing.done.then(({ kind, code, bytes }): Ended => {
      health.end(site.id);
      // A deadline is the client's or ours; silence and broken connections are the site's.
      const failed = kind === 'broken' || code === 'upstream_idle';
      if (failed) this.#verdicts.failed(site.id);
      else if (kind === 'ok') this.#verdicts.answered(site.id);
      return { outcome: kind, code, answerBytes: bytes };
    });
    return { ...common, response: new Response(passing.body, init), end };
  }

  /** The last refusal is the truest answer there is: it says how long to wait. */
  #refused(reply: Reply, site: string): Answer {
    const { upstream, whole = new Uint8Array() } = reply;
    const init = { status: upstream.status, headers: passedOnHeaders(upstream) };
    const isUsable = readable(upstream) && whole.byteLength > 0;
    return {
      response: isUsable ? new Response(bodyOf(whole), init) : wrapped(upstream, site),
      site,
      attempts: this.#attempts,
      end: { outcome: 'unavailable', answerBytes: whole.byteLength },
    };
  }

  #clientClosed(): Answer {
    const response = new Response(null, { status: 499 });
    return this.#own(response, 'client_closed');
  }

  #late(site: string, message: string): Answer {
    const code = this.#limits.isClients ? 'deadline_exceeded' : 'completion_timeout';
    const headers = { 'x-should-retry': 'false' };
    return { ...this.#own(openAiError(504, message, { code, headers }), 'timeout', code), site };
  }

  #unavailable(order: readonly string[]): Answer {
    const tried = this.#attempts.map((a) => a.site).join(', ');
    if (this.#attempts.some((a) => a.status !== undefined)) {
      const message = `No site gave a usable answer (tried ${tried}).`;
      return this.#own(
        openAiError(502, message, { code: 'site_fault' }),
        'unavailable',
        'site_fault',
      );
    }
    const code = 'no_site_available';
    const message =
      order.length > 0
        ? `No site could be reached (tried ${tried}).`
        : 'No site may serve this zone and model.';
    return this.#own(openAiError(503, message, { code }), 'unavailable', code);
  }

  #own(response: Response, outcome: OutcomeKind, code?: string): Answer {
    return { response, attempts: this.#attempts, end: { outcome, code, answerBytes: 0 } };
  }
}

/** Whether a client of the API can read a body: an error page of a proxy's is none. */
function readable(upstream: Response): boolean {
  return contentKind(upstream) !== 'other';
}

/** The status of an answer whose body no SDK could read. */
function wrapped(upstream: Response, site: string): Response {
  const message = `Site ${site} answered ${upstream.status} without an error object.`;
  const retryAfter = upstream.headers.get('retry-after');
  const headers = retryAfter === null ? undefined : { 'retry-after': retryAfter };
  return openAiError(upstream.status, message, { code: 'upstream_error', headers });
}

/** A status such as 204 may have no body, not even an empty one. */
function bodyOf(bytes: Uint8Array): Uint8Array | null {
  return bytes.byteLength === 0 ? null : bytes;
}
