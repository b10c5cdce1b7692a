/** One of a few, as radio buttons in a line. */
export function Choice<Id extends string>({
  legend,
  name,
  ids,
  labelOf,
  chosen,
  onChoose,
}: {
  legend: string;
  name: string;
  ids: readonly Id[];
  labelOf: (id: Id) => string;
  chosen: Id;
  onChoose: (id: Id) => void;
}) {
  return (
    <fieldset class="choice">
      <legend>{legend}</legend>
      {ids.map((id) => (
        <label key={id}>
          <input type="radio" name={name} checked={id === chosen} onChange={() => onChoose(id)} />
          {labelOf(id)}
        </label>
      ))}
    </fieldset>
  );
}
