import type { PlanViewBody } from '../core/planning/plan-view.ts';
import type { SlotView } from '../core/planning/view.ts';
import { CATEGORIES, HATCHED } from './scale.ts';

/** Sites that have a look of their own: each colour but the last, plain and then hatched. */
const OWN = 2 * HATCHED;

export interface Layer {
  name: string;
  colour: string;
  isHatched: boolean;
  /** Busy servers by slot. */
  load: number[];
}

/** Load by site, the busiest first; where there are more than can be told apart, the last are one. */
export function layersOf(view: PlanViewBody, slots: readonly SlotView[]): Layer[] {
  const all = view.fleet.sites
    .map((site, j) => ({
      name: site.name,
      load: slots.map((s) => (s.sites[j]?.utilisation ?? 0) * site.servers),
    }))
    .map((layer) => ({ ...layer, sum: layer.load.reduce((a, b) => a + b, 0) }))
    .sort((a, b) => b.sum - a.sum);
  const rest = all.length > OWN + 1 ? all.slice(OWN) : [];
  const own = all.slice(0, all.length - rest.length);
  if (rest.length > 0) {
    const load = slots.map((_, t) => rest.reduce((sum, l) => sum + (l.load[t] as number), 0));
    own.push({ name: `${rest.length} others`, load, sum: 0 });
  }
  return own.map(({ name, load }, n) => ({
    name,
    load,
    colour: (n < OWN ? CATEGORIES[n % HATCHED] : CATEGORIES.at(-1)) as string,
    isHatched: n >= HATCHED && n < OWN,
  }));
}

/** A run of slots of a layer that holds a text: its middle, in slots and in the layers' figures. */
export interface Spot {
  slot: number;
  value: number;
}

/**
 * Where a text of so many slots' width and so much height fits best within a layer; undefined where it
 * does not.
 * @param from the layer's lower edge by slot
 * @param load its height by slot
 */
export function spotFor(
  from: readonly number[],
  load: readonly number[],
  width: number,
  height: number,
): Spot | undefined {
  const span = Math.max(1, Math.ceil(width));
  let best: (Spot & { room: number }) | undefined;
  for (let t = 0; t + span <= load.length; t++) {
    const low = Math.max(...from.slice(t, t + span));
    const high = Math.min(...load.slice(t, t + span).map((v, n) => v + (from[t + n] as number)));
    const room = high - low;
    if (room < height || room <= (best?.room ?? 0)) continue;
    best = { slot: t + span / 2, value: (low + high) / 2, room };
  }
  return best && { slot: best.slot, value: best.value };
}
