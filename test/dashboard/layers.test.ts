import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PlanViewBody } from '../../src/core/planning/plan-view.ts';
import type { SlotView } from '../../src/core/planning/view.ts';
import { layersOf, spotFor } from '../../src/dashboard/layers.ts';
import { inkOnColour } from '../../src/dashboard/scale.ts';

/** Sites of ten servers each, and how busy they are by slot. */
function layersWith(loads: number[][]) {
  const sites = loads.map((_, j) => ({ name: `site ${j}`, servers: 10 }));
  const slots = (loads[0] ?? []).map((_, t) => ({
    sites: loads.map((load) => ({ utilisation: (load[t] as number) / 10 })),
  }));
  return layersOf({ fleet: { sites } } as PlanViewBody, slots as SlotView[]);
}

const busy = fc.double({ min: 0, max: 10, noNaN: true });

test('each layer looks like no other, and all load is in one of them, however many sites there are', () => {
  const loads = fc.array(
    fc.tuple(busy, busy).map((pair) => [...pair]),
    { minLength: 1, maxLength: 60 },
  );
  fc.assert(
    fc.property(loads, (loads) => {
      const layers = layersWith(loads);
      expect(layers.length).toBe(Math.min(15, loads.length));
      const looks = new Set(layers.map(({ colour, isHatched }) => `${colour} ${isHatched}`));
      expect(looks.size).toBe(layers.length);
      for (const t of [0, 1]) {
        const sum = (of: number[][]) => of.reduce((total, load) => total + (load[t] as number), 0);
        expect(sum(layers.map((l) => l.load))).toBeCloseTo(sum(loads), 6);
      }
      // Neighbours in the stack differ in colour, not in hatching alone.
      for (const [n, { colour }] of layers.slice(1).entries())
        expect(layers[n]?.colour).not.toBe(colour);
    }),
  );
});

test('a label is within its layer over its whole width', () => {
  const layer = fc.array(fc.tuple(busy, busy), { minLength: 1, maxLength: 24 });
  const width = fc.double({ min: 0.1, max: 8, noNaN: true });
  fc.assert(
    fc.property(layer, width, (slots, width) => {
      const [from, load] = [slots.map(([a]) => a), slots.map(([, b]) => b)];
      const spot = spotFor(from, load, width, 1);
      const spans = Array.from(
        { length: Math.max(0, load.length - Math.ceil(width) + 1) },
        (_, t) => t,
      );
      const fits = (t: number, low: number, high: number) =>
        from
          .slice(t, t + Math.ceil(width))
          .every((f, n) => f <= low && f + (load[t + n] as number) >= high);
      if (!spot) {
        // Nowhere, then, is there room on all edges.
        for (const t of spans) {
          const low = Math.max(...from.slice(t, t + Math.ceil(width)));
          expect(fits(t, low, low + 1 + 1e-9)).toBe(false);
        }
        return;
      }
      const first = Math.round(spot.slot - Math.ceil(width) / 2);
      expect(fits(first, spot.value - 0.5 + 1e-9, spot.value + 0.5 - 1e-9)).toBe(true);
    }),
  );
});

test('labels are black or white by their ground', () => {
  expect(inkOnColour('#0072b2')).toBe('#ffffff');
  expect(inkOnColour('#f0e442')).toBe('#000000');
});
