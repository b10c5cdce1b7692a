import type { Fleet } from '../../core/model/fleet.ts';
import { type Arrival, type ArrivalKind, arrivals } from './arrivals.ts';
import type { RequestTrace } from './trace.ts';

/** A request of a zone and class. */
export interface Asked {
  zone: number;
  classIndex: number;
  head: Arrival;
}

export interface Stream extends Asked {
  rest: Generator<Arrival>;
}

/** Who asks, and for how much. */
export interface StreamSpec {
  fleet: Fleet;
  /** Demand, req/s, index (t·I + i)·K + k. */
  demandReqPerS: Float64Array;
  /** By class, in the fleet's order. */
  traces: RequestTrace[];
  kind: ArrivalKind;
  seed: number;
}

/** Requests of every zone and class, each in their order, with the first of them. */
export function streamsOf(
  spec: StreamSpec,
  slots: { count: number; slotS: number },
  reach: { fromS: number; toS: number },
): Stream[] {
  const { fleet, demandReqPerS, seed, kind } = spec;
  const K = fleet.classes.length;
  const perSlot = fleet.zones.length * K;
  return fleet.zones.flatMap((z, zone) =>
    fleet.classes.flatMap((cls, classIndex): Stream[] => {
      const reqPerS = Float64Array.from(
        { length: slots.count },
        (_, t) => demandReqPerS[t * perSlot + zone * K + classIndex] as number,
      );
      const trace = spec.traces[classIndex] as RequestTrace;
      const name = `${z.id} ${cls.id}`;
      const rest = arrivals(trace, { slotS: slots.slotS, reqPerS }, reach, kind, seed, name);
      const head = rest.next();
      return head.done ? [] : [{ zone, classIndex, head: head.value, rest }];
    }),
  );
}
