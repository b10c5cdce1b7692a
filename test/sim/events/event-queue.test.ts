import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventQueue } from '../../../src/sim/events/event-queue.ts';

describe('EventQueue', () => {
  it('gives events by time, and those of one instant in the order they came', () => {
    const steps = fc.array(fc.option(fc.integer({ min: 0, max: 9 })), { maxLength: 200 });
    fc.assert(
      fc.property(steps, (plan) => {
        const queue = new EventQueue<number>();
        let held: { timeS: number; item: number }[] = [];
        plan.forEach((timeS, item) => {
          if (timeS !== null) {
            queue.push(timeS, item);
            held.push({ timeS, item });
            return;
          }
          held.sort((a, b) => a.timeS - b.timeS || a.item - b.item);
          expect(queue.pop()).toEqual(held[0]);
          held = held.slice(1);
        });
        expect(queue.size).toBe(held.length);
      }),
    );
  });
});
