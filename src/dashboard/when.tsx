import { clock, dateTime } from './format.ts';

/** An instant in the viewer's zone, and in UTC where that is another. */
export function When({ utcMs }: { utcMs: number }) {
  const isSame = clock(utcMs) === clock(utcMs, 'UTC');
  return (
    <time dateTime={new Date(utcMs).toISOString()} title={dateTime(utcMs, 'UTC')}>
      {dateTime(utcMs)}
      {!isSame && <span class="quiet"> ({clock(utcMs, 'UTC')} UTC)</span>}
    </time>
  );
}
