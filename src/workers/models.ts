import { fleet } from './fleet.ts';
import { Rejection } from './openai-error.ts';

/** Names clients may ask for, each with the class it means: a class's model first, then its aliases. */
const classByName = new Map(
  fleet.classes.flatMap((cls, k) =>
    [cls.model, ...(cls.aliases ?? [])].map((name): [string, number] => [name, k]),
  ),
);

/** As OpenAI lists them. */
export const models = [...classByName.keys()].map((id) => ({
  id,
  object: 'model',
  created: 0,
  owned_by: 'isotherm',
}));

/** Index of the class a model or alias belongs to; -1 if none. */
export function classOfModel(name: string): number {
  return classByName.get(name) ?? -1;
}

/** All names of the model that a name means; none if it means none. */
export function namesOfModel(name: string): readonly string[] {
  const k = classOfModel(name);
  return [...classByName.keys()].filter((other) => classByName.get(other) === k);
}

export function unknownModel(id: string): Rejection {
  const known = models.map((m) => m.id).join(', ');
  const shown = id.length <= 128 ? id : `${id.slice(0, 128)}…`;
  const message = `The model '${shown}' does not exist; expected one of ${known}.`;
  return new Rejection(404, message, 'model_not_found', 'model');
}
