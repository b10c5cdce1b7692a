import { slotUtcMs } from '../core/planning/inputs.ts';
import { decimal, utc } from './format.ts';
import type { PlanRun } from './plan.ts';
import { bold, type Column, table, wrap } from './table.ts';

/** What a plan does with work that may wait, hour by hour; nothing where none may. */
export function batchText({ batch, inputs }: PlanRun): string[] {
  if (batch.length === 0) return [];
  const columns: Column[] = [
    { header: ['hour'], align: 'left' },
    ...batch.flatMap(({ class: id }) => [{ header: [id, 'comes'] }, { header: ['', 'served'] }]),
  ];
  const rows = Array.from({ length: inputs.slotCount }, (_, t) => [
    utc(slotUtcMs(inputs, t)),
    ...batch.flatMap(({ cameReqPerS, servedReqPerS }) =>
      [cameReqPerS, servedReqPerS].map((series) => decimal(series[t] as number, 2)),
    ),
  ]);
  return [
    '',
    bold('Work that may wait, req/s'),
    table(columns, rows),
    ...batch.flatMap(({ class: id, requests, unservedRequests, movedShare, meanDelayHours }) => [
      wrap(
        `${id}: ${decimal(requests, 0)} requests, ${decimal(100 * movedShare, 1)} % of those served are put off to a later hour; ${decimal(meanDelayHours, 1)} h in the mean of all.`,
      ),
      ...(unservedRequests > NEGLIGIBLE_SHARE * requests
        ? [
            wrap(
              `UNSERVED of ${id}: ${decimal(unservedRequests, 0)} requests find no room before their time is over.`,
            ),
          ]
        : []),
    ]),
  ];
}

/** Below this share, unserved demand is rounding. */
const NEGLIGIBLE_SHARE = 1e-9;

/** The same for JSON. */
export function batchJson({ batch, inputs }: PlanRun) {
  return batch.map(({ cameReqPerS, servedReqPerS, unservedReqPerS, ...totals }) => ({
    ...totals,
    hours: cameReqPerS.map((came, t) => ({
      utc: utc(slotUtcMs(inputs, t)),
      cameReqPerS: came,
      servedReqPerS: servedReqPerS[t],
      unservedReqPerS: unservedReqPerS[t],
    })),
  }));
}
