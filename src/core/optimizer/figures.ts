/** No site has such costs, in AUD, or totals; sums of larger figures would drown all others. */
const LARGEST = 1e15;

/** What is wrong with an array of a site's figures, or undefined. */
export function figuresFault(
  name: string,
  values: Float64Array | undefined,
  length: number,
): string | undefined {
  if (values === undefined) return `${name} is missing`;
  if (values.length !== length) return `${name} has ${values.length} values, expected ${length}`;
  const bad = values.findIndex((v) => !(Math.abs(v) <= LARGEST));
  if (bad < 0) return undefined;
  return `${name}[${bad}] is ${values[bad]}, expected a finite number of at most ${LARGEST}`;
}
