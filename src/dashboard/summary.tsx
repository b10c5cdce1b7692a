import type { SlotView } from '../core/planning/view.ts';
import { type Assessment, assess, type Sentence } from './assess.ts';
import { madeUpText } from './demand.ts';
import { duration } from './format.ts';
import { type LiveState, systemMs } from './live.ts';
import type { Status } from './types.ts';

const MARKS = { fine: '✓', attention: '!', unknown: '?' };
/** The server gives a sign of life every 10 s. */
const STALE_MS = 30_000;

/** First thing on every view: whether anything is wrong. */
export function Summary({ live, nowMs }: { live: LiveState; nowMs: number }) {
  const { level, sentences } = assessmentOf(live, nowMs);
  const utcMs = systemMs(live, nowMs);
  return (
    <section class="summary" data-level={level} aria-labelledby="summary-title">
      <h2 class="visually-hidden" id="summary-title">
        Is anything wrong?
      </h2>
      <span class="mark" aria-hidden="true">
        {MARKS[level]}
      </span>
      <div class="sentence" role="status">
        {sentences.map((sentence, n) => (
          <p key={n}>
            {sentence.map((part) =>
              typeof part === 'string' ? part : <Age utcMs={part.utcMs} systemMs={utcMs} />,
            )}
          </p>
        ))}
        {live.status && simulated(live.status, live.view?.slots)}
        {live.clockRate > 1 && (
          <p class="quiet">
            The system’s clock runs {live.clockRate} times as fast as yours: weather, prices, plans
            and ages go by it. Requests and servers keep true time, so traffic is not what an hour
            of the clock would bring.
          </p>
        )}
      </div>
    </section>
  );
}

function simulated({ madeUpReqPerS }: Status, slots: readonly SlotView[] | null | undefined) {
  if (madeUpReqPerS === null) return null;
  return <p>{madeUpText(madeUpReqPerS, slots)}</p>;
}

function Age({ utcMs, systemMs }: { utcMs: number; systemMs: number }) {
  // Ages change on their own: they are not announced.
  return (
    <time dateTime={new Date(utcMs).toISOString()} aria-live="off">
      {duration(Math.max(0, systemMs - utcMs))} ago
    </time>
  );
}

function assessmentOf(live: LiveState, nowMs: number): Assessment {
  const { status, heardMs, fault, isConnected } = live;
  if (!status || heardMs === undefined) {
    const text = fault
      ? `The status cannot be reached (${fault}); trying again.`
      : 'Asking for the status …';
    return { level: 'unknown', sentences: [[text]] };
  }
  if (fault !== undefined || !isConnected || nowMs - heardMs > STALE_MS) {
    const sentence: Sentence = [
      `The status cannot be reached (${fault ?? 'no sign of life'}): what is shown here was true `,
      { utcMs: heardMs + live.clockAheadMs },
      ' and may no longer hold.',
    ];
    return { level: 'unknown', sentences: [sentence] };
  }
  return assess({ ...status, nowUtcMs: systemMs(live, nowMs) });
}
