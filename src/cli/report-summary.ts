import { bearsInterval, type Interval } from '../core/evidence/bootstrap.ts';
import type { Evidence } from '../sim/evidence/evidence.ts';
import { count, signed } from './format.ts';

/** What a report comes to, in lines for who ran it. */

/** An interval in words: `-0.10 to -0.05 %`, or that there is none. */
export function rangeText({ low, high }: Interval): string {
  if (low === null || high === null) return 'span too short for intervals';
  return `${signed(low)} to ${signed(high)} %`;
}

/** The two answers of the page's head; a reference policy that was not run has no line. */
export function headlines({ days, year: { rows } }: Evidence): string {
  const line = (policy: string, title: string) => {
    const { against } = rows.find((r) => r.policy === policy) ?? {};
    if (!against) return [];
    const { objectiveAud, coolingKwh, carbonKg } = against;
    const change = (i: Interval) => `${signed(i.value)} %`;
    return [
      `${title}: objective ${change(objectiveAud)} (${rangeText(objectiveAud)}), ` +
        `cooling energy ${change(coolingKwh)}, carbon ${change(carbonKg)}`,
    ];
  };
  return [
    ...line('fixed-ppue', 'Temperature awareness itself'),
    ...line('nearest', 'Joint optimization, against the nearest site'),
    `Over ${count(days, 'day')}; negative is a saving, in brackets 95 % intervals.`,
  ].join('\n');
}

/** Of a span with too few days for intervals, all of them or those that variations take. */
export function shortNotes(evidence: Evidence, blockDays: number): string[] {
  const { days, sampledDays, map, levers, sensitivity } = evidence;
  const isSampled = map.length + levers.length + sensitivity.length > 0;
  const least = `under two blocks of ${count(blockDays, 'day')} (--block-days)`;
  if (!bearsInterval(days, blockDays)) {
    return [`span too short for intervals: ${count(days, 'day')}, ${least}`];
  }
  return isSampled && !bearsInterval(sampledDays, blockDays)
    ? [
        `variations, map and levers have no intervals: they take ${count(sampledDays, 'day')}, ${least}; a smaller --every takes more`,
      ]
    : [];
}
