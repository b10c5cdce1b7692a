import { Term } from './term.tsx';

/** A table's head: names of columns, in `numbers` those of columns of numbers, which follow to the right. */
export function Head({
  first,
  numbers,
  last = [],
}: {
  first: readonly string[];
  numbers: readonly string[];
  last?: readonly string[];
}) {
  const texts = (names: readonly string[]) =>
    names.map((name) => (
      <th scope="col" key={name}>
        <Term>{name}</Term>
      </th>
    ));
  return (
    <thead>
      <tr>
        {texts(first)}
        {numbers.map((name) => (
          <th scope="col" class="number" key={name}>
            <Term>{name}</Term>
          </th>
        ))}
        {texts(last)}
      </tr>
    </thead>
  );
}
