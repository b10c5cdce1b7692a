/**
 * Root of an increasing function between `low` (f ≤ 0) and `high` (f ≥ 0): regula falsi with the
 * Illinois correction, and a bisection step whenever the bracket did not halve in two steps.
 * Returns the upper end once the bracket is as narrow as asked, so f(root) ≥ 0.
 * @param precision relative to the ends; as narrow as doubles allow unless told
 */
export function bracketedRoot(
  f: (x: number) => number,
  low: number,
  high: number,
  precision = 4e-16,
): number {
  let a = low;
  let b = high;
  let fa = f(a);
  let fb = f(b);
  if (fa >= 0) return a;
  let width = b - a;
  let lastSide = 0;
  for (let step = 0; step < 200; step++) {
    const tolerance = precision * Math.max(Math.abs(a), Math.abs(b));
    if (b - a <= tolerance || fb === 0) return b;
    let x = b - (fb * (b - a)) / (fb - fa);
    if (step % 3 === 2 && b - a > 0.5 * width) x = a + 0.5 * (b - a);
    if (step % 3 === 2) width = b - a;
    if (!(x > a && x < b)) x = a + 0.5 * (b - a);
    if (x === a || x === b) return b;
    const fx = f(x);
    if (fx < 0) {
      a = x;
      fa = fx;
      if (lastSide < 0) fb *= 0.5;
      lastSide = -1;
    } else {
      b = x;
      fb = fx;
      if (lastSide > 0) fa *= 0.5;
      lastSide = 1;
    }
  }
  return b;
}
