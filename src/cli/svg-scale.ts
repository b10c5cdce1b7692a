/** Round numbers around a span, five to ten of them. */
export function ticks(low: number, high: number): number[] {
  const span = Math.max(high - low, 1e-9 * Math.abs(high), 1e-12);
  const power = 10 ** Math.floor(Math.log10(span / 5));
  const step = power * ([1, 2, 5, 10].find((m) => span / (m * power) <= 8) as number);
  const first = Math.floor(low / step) * step;
  const ticks = Math.ceil(high / step) - Math.floor(low / step);
  return Array.from({ length: ticks + 1 }, (_, n) => first + n * step);
}

export function linear(of: number[], from: number, to: number): (value: number) => number {
  const low = of[0] as number;
  const high = of.at(-1) as number;
  return (value) => from + ((value - low) / (high - low)) * (to - from);
}

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
