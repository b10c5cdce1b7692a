import { labelsOf, labelTexts, ttftBucket } from '../core/accounting/metrics.ts';
import type { Receipt } from '../core/accounting/receipt.ts';
import type { Env } from './env.ts';
import { journal } from './journal.ts';
import type { RequestOutcome } from './outcome.ts';

const requestLabels = labelTexts('site', 'class', 'status', 'outcome');
const tokenLabels = labelTexts('site', 'class', 'kind');
const ttftLabels = labelTexts('site', 'class');

/**
 * A request's line in the log, what it adds to the counters, and its point in Analytics Engine, where
 * that is bound.
 * @param keyId public part of the key that asked; absent where it opens nothing
 */
export function recordOutcome(
  outcome: RequestOutcome,
  keyId: string | undefined,
  env: Env,
  receipt?: Receipt,
): void {
  count(outcome, receipt);
  env.ANALYTICS?.writeDataPoint(dataPoint(keyId, outcome, receipt));
  console.log(JSON.stringify({ event: 'request', ...outcome, usage: receipt?.usage }));
}

function count(outcome: RequestOutcome, receipt: Receipt | undefined): void {
  const site = outcome.site ?? 'none';
  const cls = outcome.classId ?? 'none';
  journal.count('requests', requestLabels(site, cls, outcome.status, outcome.outcome));
  for (const a of outcome.attempts) {
    if (a.fault === undefined) continue;
    journal.count('attempts_failed', labelsOf({ site: a.site, status: a.status ?? 'none' }));
  }
  const hedge = outcome.attempts.find((a) => a.isHedge);
  if (hedge) {
    const end = hedge.overtaken ? 'lost' : hedge.fault === undefined ? 'won' : 'failed';
    journal.count('hedges', labelsOf({ class: cls, outcome: end }));
  }
  if (receipt) {
    const tokens = (kind: string, n: number) =>
      journal.count('tokens', tokenLabels(site, cls, kind), n);
    tokens('prompt', receipt.usage.promptTokens);
    tokens('cached', receipt.usage.cachedTokens);
    tokens('completion', receipt.usage.completionTokens);
  }
  if (outcome.ttftMs === undefined || outcome.site === undefined) return;
  const ms = Math.round(outcome.ttftMs);
  const of = ttftLabels(site, cls);
  journal.count('ttft_bucket', `${of},${labelsOf({ le: ttftBucket(ms) })}`);
  journal.count('ttft_ms_sum', of, ms);
}

/** No figure here is needed elsewhere. */
function dataPoint(
  keyId: string | undefined,
  o: RequestOutcome,
  r: Receipt | undefined,
): AnalyticsEngineDataPoint {
  return {
    indexes: [keyId ?? 'none'],
    blobs: [o.site ?? '', o.zone ?? '', o.classId ?? '', o.endpoint, o.outcome, o.code ?? ''],
    doubles: [
      o.status,
      o.ttftMs ?? -1,
      o.durationMs,
      r?.usage.promptTokens ?? 0,
      r?.usage.completionTokens ?? 0,
      r?.served.amounts.energyMilliWh ?? 0,
      r?.served.amounts.carbonMg ?? 0,
    ],
  };
}
