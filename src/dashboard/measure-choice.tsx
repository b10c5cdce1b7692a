import { Choice } from './choice.tsx';
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
    <Choice
      legend="Colour"
      name="measure"
      ids={ids}
      labelOf={(id) => measures[id].label}
      chosen={chosen}
      onChoose={onChoose}
    />
  );
}
