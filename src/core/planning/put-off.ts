import { z } from 'zod';
import type { PublicFleet } from '../model/fleet.ts';
import { mayWait } from '../model/request-class.ts';
import { MS_PER_HOUR } from '../model/units.ts';
import type { DispatchProblem } from '../optimizer/problem.ts';
import type { Horizon } from './assemble.ts';
import type { PlanningInputs } from './inputs.ts';
import type { Plan } from './plan.ts';
import { scheduleOf } from './schedule.ts';
import type { WaitingWork } from './waiting-work.ts';

const putOffZoneSchema = z.object({
  /** What comes in the slot, without what comes back in it. */
  cameReqPerS: z.number().min(0),
  /** What earlier plans put off to this slot. */
  backReqPerS: z.number().min(0),
  /** Of what comes: how many slots later it is served, and how much; the rest is served as it comes. */
  later: z.array(z.tuple([z.int().min(1), z.number().min(0)])),
});
export type PutOffZone = z.output<typeof putOffZoneSchema>;

/** What a slot puts off to later ones: id of a class that may wait to zone id. */
export const putOffSchema = z.record(z.string(), z.record(z.string(), putOffZoneSchema));
export type PutOff = z.output<typeof putOffSchema>;

/** Of a slot's work; less is the noise of an interior-point solution. */
const SMALLEST_SHARE = 1e-6;

/** By slot, what a plan puts off; undefined where no class may wait. */
export function putOffOf(
  fleet: PublicFleet,
  p: DispatchProblem,
  inputs: PlanningInputs,
  flow: readonly Float64Array[],
  unserved: readonly Float64Array[],
): PutOff[] | undefined {
  if (!fleet.classes.some(mayWait)) return undefined;
  const rows = fleet.zones.length * fleet.classes.length;
  const slots = Array.from({ length: inputs.slotCount }, (_, t) => slotOf(fleet, inputs, t));
  for (const { row, released, slot, amount, isUnserved, job } of scheduleOf(p, flow, unserved)) {
    const came = inputs.demandReqPerS[released * rows + row] as number;
    // Whoever has a job sends it when the plan says.
    if (job !== undefined || isUnserved || slot === released || amount < SMALLEST_SHARE * came)
      continue;
    const cls = fleet.classes[row % fleet.classes.length]?.id as string;
    const zone = fleet.zones[Math.floor(row / fleet.classes.length)]?.id as string;
    slots[released]?.[cls]?.[zone]?.later.push([slot - released, amount]);
  }
  return slots;
}

function slotOf(fleet: PublicFleet, inputs: PlanningInputs, t: number): PutOff {
  const K = fleet.classes.length;
  const at = (i: number, k: number) => (t * fleet.zones.length + i) * K + k;
  return Object.fromEntries(
    fleet.classes.flatMap((cls, k) => {
      if (!mayWait(cls)) return [];
      const zones = fleet.zones.map((zone, i): [string, PutOffZone] => [
        zone.id,
        {
          cameReqPerS: inputs.demandReqPerS[at(i, k)] as number,
          backReqPerS: inputs.backReqPerS?.[at(i, k)] ?? 0,
          later: [],
        },
      ]);
      return [[cls.id, Object.fromEntries(zones)]];
    }),
  );
}

/**
 * What comes back over a new horizon of what the standing plan has put off: work that came before the
 * horizon begins and was told a slot in it. Index as of demand; undefined where there is none to come.
 */
export function comingBack(
  fleet: PublicFleet,
  { header, putOff }: { header: Horizon; putOff?: Plan['putOff'] },
  horizon: Horizon,
): Float64Array | undefined {
  const slotMs = header.slotHours * MS_PER_HOUR;
  const shift = (horizon.startUtcMs - header.startUtcMs) / slotMs;
  const fits = Number.isInteger(shift) && shift >= 0 && horizon.slotHours === header.slotHours;
  if (!putOff || !fits) return undefined;
  const K = fleet.classes.length;
  const back = new Float64Array(horizon.slotCount * fleet.zones.length * K);
  const add = (slot: number, i: number, k: number, reqPerS: number) => {
    const t = slot - shift;
    if (t < 0 || t >= horizon.slotCount) return;
    const at = (t * fleet.zones.length + i) * K + k;
    back[at] = (back[at] as number) + reqPerS;
  };
  putOff.forEach((slot, t) => {
    fleet.classes.forEach((cls, k) => {
      fleet.zones.forEach((zone, i) => {
        const of = slot[cls.id]?.[zone.id];
        if (!of) return;
        add(t, i, k, of.backReqPerS);
        // What comes from the new horizon's beginning on is planned anew.
        if (t < shift) for (const [later, reqPerS] of of.later) add(t + later, i, k, reqPerS);
      });
    });
  });
  return back;
}

/** The same as work for a problem: it comes back when it was told to, and is served then. */
export function backWork(fleet: PublicFleet, inputs: PlanningInputs): WaitingWork[] {
  const K = fleet.classes.length;
  const I = fleet.zones.length;
  return Array.from(inputs.backReqPerS ?? []).flatMap((amount, at) => {
    const t = Math.floor(at / (I * K));
    const place = { zoneIndex: Math.floor(at / K) % I, classIndex: at % K };
    return amount > 0 ? { ...place, firstSlot: t, lastSlot: t, amount } : [];
  });
}
