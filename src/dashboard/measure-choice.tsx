import { type MeasureId, measures } from './measures.ts';

const ids = Object.keys(measures) as MeasureId[];

/** What sites are coloured by. */
export function MeasureChoice({
  chosen,
  onChoose,
}: {
  chosen: MeasureId;
  onChoose: (id: MeasureId) => void;
}) {
  return (
    <fieldset class="choice">
      <legend>Colour</legend>
      {ids.map((id) => (
        <label key={id}>
          <input
            type="radio"
            name="measure"
            checked={id === chosen}
            onChange={() => onChoose(id)}
          />
          {measures[id].label}
        </label>
      ))}
    </fieldset>
  );
}
