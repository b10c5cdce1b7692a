import { JsonTail } from '../core/accounting/json-tail.ts';
import type { Amounts } from '../core/accounting/micro.ts';
import { type Receipt, receiptOf, type TimedChoice } from '../core/accounting/receipt.ts';
import { receiptOutset, receiptView } from '../core/accounting/receipt-view.ts';
import { spreadAmounts } from '../core/accounting/spread.ts';
import { StreamMeter, type Tally } from '../core/accounting/stream-meter.ts';
import { ttftElsewhereMs } from '../core/accounting/ttft-elsewhere.ts';
import { estimatePromptTokens, usageAsked, usageInText } from '../core/accounting/usage.ts';
import { type StreamTimes, timingOf } from '../core/learning/timing.ts';
import { eligibleSites } from '../core/model/eligibility.ts';
import type { PublicSite } from '../core/model/fleet.ts';
import { floorToHour } from '../core/model/time.ts';
import type { SiteHours } from '../core/planning/site-hours.ts';
import { nearestSite } from '../core/routing/candidates.ts';
import type { AnswerWatch, BodyFilter, Caller, Demand } from './account.ts';
import { type Admission, admit } from './admission.ts';
import { type Env, now, referenceAudPerKwh } from './env.ts';
import { fleet } from './fleet.ts';
import { journal } from './journal.ts';
import { keyRing } from './keys.ts';
import type { RequestOutcome } from './outcome.ts';
import { recordOutcome } from './record.ts';
import { factorsAt } from './site-factors.ts';
import { spreadAt } from './spread.ts';

const sitesById = new Map(fleet.sites.map((s) => [s.id, s]));

/** One request's account, from its admission to its receipt. */
export class RequestAccount implements AnswerWatch {
  readonly #caller: Caller;
  readonly #env: Env;
  readonly #ctx: ExecutionContext;
  readonly #requestId: string;
  readonly #startedUtcMs: number;
  /** The client wants the receipt as the last comment of its stream. */
  readonly #wantsComment: boolean;
  #demand: Demand | undefined;
  #admission: Admission = { reservedTokens: 0 };
  #hidesUsage = false;
  #planVersion: number | null = null;
  #hours: SiteHours | undefined;
  /** Set once a site has begun to answer. */
  #served:
    | { choice: TimedChoice; nearest: TimedChoice; hourUtcMs: number; tally: () => Tally }
    | undefined;
  /** Of an answer that is known as a whole. */
  #final: Receipt | undefined;
  #pace: Pace | undefined;

  constructor(
    caller: Caller,
    request: { requestId: string; headers: Headers; startedUtcMs: number },
    env: Env,
    ctx: ExecutionContext,
  ) {
    this.#caller = caller;
    this.#requestId = request.requestId;
    this.#startedUtcMs = request.startedUtcMs;
    this.#wantsComment = request.headers.get('x-isotherm-receipt') === 'stream';
    this.#env = env;
    this.#ctx = ctx;
  }

  /** The answer to a request that may not be; undefined if it may. */
  async admit(demand: Demand): Promise<Response | undefined> {
    const admission = await admit(this.#caller, demand, this.#env, this.#ctx);
    if (admission instanceof Response) return admission;
    this.#demand = demand;
    this.#admission = admission;
    return undefined;
  }

  /** The body as sites get it: of a stream they are asked to count the tokens. */
  textFor(text: string): string {
    const { endpoint, body } = this.#demand as Demand;
    const asked = usageAsked(endpoint, body, text);
    this.#hidesUsage = asked.added;
    return asked.text;
  }

  /** @param hours of the plan's slot; absent where the plan does not cover this instant */
  routedBy(planVersion: number | undefined, hours: SiteHours | undefined): void {
    this.#planVersion = planVersion ?? null;
    this.#hours = hours;
  }

  whole(site: PublicSite, bytes: Uint8Array): void {
    const usage = usageInText(decoder.decode(bytes));
    const tally = usage
      ? { usage, estimated: false }
      : { usage: this.#guess(bytes.length), estimated: true };
    const { promptTokens, completionTokens } = tally.usage;
    this.#begin(site, () => tally, { promptTokens, tokensBefore: completionTokens });
    this.#final = this.#receipt();
  }

  passing(site: PublicSite, events: boolean, spoke: () => void): BodyFilter {
    return events ? this.#stream(site, spoke) : this.#longAnswer(site);
  }

  #stream(site: PublicSite, spoke: () => void): BodyFilter {
    const promptTokens = this.#promptTokens();
    const meter = new StreamMeter({ hideUsage: this.#hidesUsage, promptTokens });
    this.#begin(site, () => meter.tally(), { promptTokens, tokensBefore: 0 });
    const pace: Pace = { firstMs: Date.now(), heldMs: 0 };
    this.#pace = pace;
    return {
      push: (chunk) => {
        const pieces = meter.push(chunk);
        if (meter.hasBegun && pace.textMs === undefined) {
          pace.textMs = Date.now();
          if (!wasHeld(pace, pace.textMs - this.#startedUtcMs)) spoke();
        }
        return pieces;
      },
      held: (ms) => {
        pace.heldMs += ms;
      },
      end: (complete) => {
        const held = meter.end();
        return complete && this.#wantsComment ? [...held, this.#comment()] : held;
      },
      get siteError() {
        return meter.error;
      },
    };
  }

  #longAnswer(site: PublicSite): BodyFilter {
    const tail = new JsonTail();
    let bytes = 0;
    this.#begin(site, () => {
      const usage = tail.usage();
      return usage ? { usage, estimated: false } : { usage: this.#guess(bytes), estimated: true };
    });
    return {
      push: (chunk) => {
        bytes += chunk.length;
        tail.push(chunk);
        return [chunk];
      },
      end: () => [],
    };
  }

  /** @param before the first byte, as far as tokens are known then */
  #begin(
    site: PublicSite,
    tally: () => Tally,
    before?: { promptTokens: number; tokensBefore: number },
  ): void {
    const { zone, cls, classIndex } = this.#demand as Demand;
    const nowMs = now(this.#env);
    const nearestId = nearestSite(fleet, zone, classIndex, nowMs) ?? site.id;
    const audPerKwh = referenceAudPerKwh(this.#env);
    const choiceOf = (s: PublicSite, ttftMs: number | null): TimedChoice => ({
      site: s,
      factors: factorsAt(s, cls.id, nowMs, this.#hours, audPerKwh),
      ttftMs,
    });
    const ttftMs = Math.round(Date.now() - this.#startedUtcMs);
    const choice = choiceOf(site, ttftMs);
    let nearest = choice;
    if (nearestId !== site.id) {
      const other = sitesById.get(nearestId) as PublicSite;
      const thereMs = before && ttftElsewhereMs(ttftMs, { zone, cls, ...before }, site, other);
      nearest = choiceOf(other, thereMs ?? null);
    }
    this.#served = {
      choice,
      nearest,
      hourUtcMs: floorToHour(nowMs),
      tally,
    };
  }

  /** Limits, and of the receipt what is known before the body. */
  label(headers: Record<string, string>): void {
    this.#admission.rates?.label(headers);
    if (this.#served === undefined) return;
    const { choice, nearest } = this.#served;
    const view = this.#final
      ? receiptView(this.#final)
      : receiptOutset(this.#about(), choice, nearest);
    headers['x-isotherm-receipt'] = JSON.stringify(view);
  }

  /** Once all is over: the receipt is booked, the counters rise. Within waitUntil. */
  async settle(outcome: RequestOutcome): Promise<void> {
    const receipt = this.#final ?? this.#receipt();
    if (receipt) {
      journal.add(receipt, this.#spread(receipt));
      const site = this.#served?.choice.site as PublicSite;
      const { zone } = this.#demand as Demand;
      journal.time(timingOf(receipt, site, zone, timesOf(outcome, receipt, this.#pace)));
      const { costNanoAud, carbonMg } = receipt.served.amounts;
      keyRing.spend(receipt.keyId, { costNanoAud: costNanoAud ?? 0, carbonMg });
    }
    const { promptTokens = 0, completionTokens = 0 } = receipt?.usage ?? {};
    const { rates, reservedTokens } = this.#admission;
    rates?.correct('tokens', promptTokens + completionTokens - reservedTokens);
    recordOutcome(outcome, this.#caller.keyId, this.#env, receipt);
    await journal.writeSoon(this.#env);
  }

  #about() {
    const { zone, body } = this.#demand as Demand;
    return {
      requestId: this.#requestId,
      keyId: this.#caller.keyId,
      model: String(body.model),
      zone: zone.id,
      planVersion: this.#planVersion,
    };
  }

  #receipt(): Receipt | undefined {
    if (this.#served === undefined) return undefined;
    const { choice, nearest, hourUtcMs, tally } = this.#served;
    const { usage, estimated } = tally();
    const about = { ...this.#about(), hourUtcMs, usage, usageEstimated: estimated };
    return receiptOf(about, choice, nearest);
  }

  /** What the same tokens would have taken over all eligible sites; undefined where there is none. */
  #spread({ hourUtcMs, usage }: Receipt): Amounts | undefined {
    const { zone, cls, classIndex } = this.#demand as Demand;
    if (eligibleSites(fleet, zone, classIndex).length === 0) return undefined;
    const of = { zone, classIndex, classId: cls.id, hourUtcMs };
    return spreadAmounts(spreadAt(of, this.#hours, referenceAudPerKwh(this.#env)), usage);
  }

  #comment(): Uint8Array {
    const view = receiptView(this.#receipt() as Receipt);
    return new TextEncoder().encode(`: isotherm-receipt ${JSON.stringify(view)}\n\n`);
  }

  #promptTokens(): number {
    return estimatePromptTokens((this.#demand as Demand).body);
  }

  /** For an answer that does not say: an embedding has no tokens, other answers are mostly text. */
  #guess(answerBytes: number) {
    const isText = (this.#demand as Demand).endpoint !== 'embeddings';
    const completionTokens = isText ? Math.ceil(answerBytes / 4) : 0;
    return { promptTokens: this.#promptTokens(), completionTokens, cachedTokens: 0 };
  }
}

const decoder = new TextDecoder();

/** How a stream went. */
interface Pace {
  /** When its first byte came, and when the first of the answer itself did. */
  firstMs: number;
  textMs?: number;
  /** How long pieces of it waited for the client to read them. */
  heldMs: number;
}

/** Share of a stream's time that its client may keep it waiting, for it to say how fast the site is. */
const MOST_HELD_SHARE = 0.1;

const wasHeld = ({ heldMs }: Pace, durationMs: number) => heldMs > MOST_HELD_SHARE * durationMs;

/**
 * Of a stream that came to its end and was counted by its site, and whose client read as it came;
 * undefined of any other answer. What comes before the answer itself (`response.created`, a role, a
 * comment) may come before the prompt is worked on.
 */
function timesOf(o: RequestOutcome, receipt: Receipt, pace?: Pace): StreamTimes | undefined {
  if (o.outcome !== 'ok' || o.ttftMs === undefined || receipt.usageEstimated) return undefined;
  if (pace?.textMs === undefined || wasHeld(pace, o.durationMs)) return undefined;
  const answered = o.attempts.findLast((a) => a.site === o.site && a.fault === undefined);
  const beforeMs = pace.textMs - pace.firstMs;
  return (
    answered && { ttftMs: answered.ms + beforeMs, decodeMs: o.durationMs - o.ttftMs - beforeMs }
  );
}
