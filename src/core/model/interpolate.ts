/** Piecewise-linear through points of rising x; held constant beyond the ends. */
export function interpolate(points: readonly (readonly [number, number])[], x: number): number {
  const first = points[0];
  const last = points[points.length - 1];
  if (first === undefined || last === undefined) throw new RangeError('interpolate: no points');
  if (x <= first[0]) return first[1];
  let left = first;
  for (const right of points) {
    if (x <= right[0]) {
      const span = right[0] - left[0];
      return span > 0 ? left[1] + ((right[1] - left[1]) * (x - left[0])) / span : right[1];
    }
    left = right;
  }
  return last[1];
}
