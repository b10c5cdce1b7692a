import type { ComponentChildren } from 'preact';
import type { Measure } from './measures.ts';
import { cividis } from './scale.ts';

/** The colours of a measure from its least to its greatest. */
export function Legend({
  measure,
  low,
  high,
  children,
}: {
  measure: Measure;
  low: number;
  high: number;
  children?: ComponentChildren;
}) {
  const steps = Array.from({ length: 24 }, (_, n) => n / 23);
  return (
    <div class="legend">
      <span class="scale">
        {measure.label}: {measure.text(low)}
        <svg class="ramp" viewBox="0 0 24 1" preserveAspectRatio="none" aria-hidden="true">
          {steps.map((share, n) => (
            <rect key={share} x={n} width={1.05} height={1} fill={cividis(share)} />
          ))}
        </svg>
        {measure.text(high)} ({measure.unit})
      </span>
      <span>{children}</span>
    </div>
  );
}
