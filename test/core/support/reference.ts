import loadHighs from 'highs';
import { lateAud, lateSlope } from '../../../src/core/model/lateness.ts';
import { waitingRequests, waitingSlope } from '../../../src/core/model/queueing.ts';
import { type FleetLpOptions, fleetParts, type Lines, standingAud } from './fleet-lp.ts';
import type { Instance } from './instances.ts';
import { type LpParts, lpText } from './plant-lp.ts';

export type { Lines };

/** An independent solver on the same problem: HiGHS. */
const highs = await loadHighs();

function solved(parts: LpParts) {
  const result = highs.solve(lpText(parts), {
    primal_feasibility_tolerance: 1e-9,
    dual_feasibility_tolerance: 1e-9,
  });
  if (result.Status !== 'Optimal') throw new Error(`HiGHS: ${result.Status}`);
  return result;
}

/** Least cost of any program. */
export function leastOf(parts: LpParts): number {
  return solved(parts).ObjectiveValue;
}

/** Optimal objective in AUD, the sites' base cost included, with no more carbon than given. */
export function reference(instance: Instance, lines?: Lines, carbonKg?: number): number {
  return solved(fleetParts(instance, { lines, carbonKg })).ObjectiveValue + standingAud(instance);
}

/** The same with all that {@link fleetParts} may be told. */
export function referenceOf(instance: Instance, options: FleetLpOptions): number {
  return solved(fleetParts(instance, options)).ObjectiveValue + standingAud(instance);
}

/** Optima of many instances by one program of independent blocks, which is much faster. */
export function references(instances: Instance[], lines?: Lines[]): number[] {
  const blocks = instances.map((instance, b) =>
    fleetParts(instance, { lines: lines?.[b], of: `b${b}_` }),
  );
  const { Columns } = solved({
    cost: blocks.flatMap((b) => b.cost),
    rows: blocks.flatMap((b) => b.rows),
    bounds: blocks.flatMap((b) => b.bounds),
  });
  return blocks.map((block, b) => {
    let sum = standingAud(instances[b]!);
    for (const text of block.cost) {
      const [sign, amount, name] = splitTerm(text);
      sum +=
        (sign === '-' ? -1 : 1) * Number(amount) * (Columns[name] as { Primal: number }).Primal;
    }
    return sum;
  });
}

/** "+ 2 x" and "+ x" in three. */
function splitTerm(text: string): [string, string, string] {
  const words = text.split(' ');
  return words.length === 3 ? (words as [string, string, string]) : [words[0]!, '1', words[1]!];
}

/**
 * The cost of an instance's queues, waiting and lateness, from below by tangents and from above by
 * chords. Knots are denser towards the limit, where the cost bends most.
 */
export function queueLines(
  { problem, sites }: Instance,
  segments: number,
): { tangents: Lines; chords: Lines } {
  const knots = (j: number, t: number) =>
    Array.from(
      { length: segments + 1 },
      (_, n) => problem.sites[j]!.maxLoad[t]! * (1 - (1 - n / segments) ** 2),
    );
  const cost = (j: number, t: number, load: number) => {
    const { queue, waitingAud, lateness } = sites[j]!;
    const u = load / queue.servers;
    return waitingAud[t]! * waitingRequests(queue, u) + (lateness ? lateAud(lateness, u) : 0);
  };
  const slopeAt = (j: number, t: number, load: number) => {
    const { queue, waitingAud, lateness } = sites[j]!;
    const u = load / queue.servers;
    const late = lateness ? lateSlope(lateness, u) : 0;
    return (waitingAud[t]! * waitingSlope(queue, u) + late) / queue.servers;
  };
  return {
    tangents: (j, t) =>
      knots(j, t).map((load) => {
        const slope = slopeAt(j, t, load);
        return { slope, intercept: cost(j, t, load) - slope * load };
      }),
    chords: (j, t) => {
      const at = knots(j, t);
      if (!(at[segments]! > 0)) return [{ slope: 0, intercept: 0 }];
      return at.slice(1).map((to, n) => {
        const from = at[n]!;
        const slope = (cost(j, t, to) - cost(j, t, from)) / (to - from);
        return { slope, intercept: cost(j, t, from) - slope * from };
      });
    },
  };
}
