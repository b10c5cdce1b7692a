import { difference, figure, isSame } from './format.ts';

/** How much a figure is less or more than another, in words: `4 % less than 12 kWh`. */
export function Against({
  value,
  baseline,
  unit = '',
}: {
  value: number;
  baseline: number;
  unit?: string;
}) {
  return (
    <>
      <strong>{difference(value, baseline)}</strong> {isSame(value, baseline) ? 'as' : 'than'}{' '}
      {figure(baseline)}
      {unit && ` ${unit}`}
    </>
  );
}
