import { congestion, congestionSlope } from '../site-slot.ts';
import type { SiteProblem } from '../site-subproblem.ts';
import { binds, type SitePlant } from './plant.ts';
import { type Entry, type ProgramBuilder, waterRow } from './program-builder.ts';

/** Which requests the plant is to meet: given totals, or the best of a box. */
export type Requests =
  | { fixed: Float64Array }
  | {
      /** Linear cost of N. Length T·K. */
      costAud: Float64Array;
      /** Highest N. Length T·K. */
      most: Float64Array;
    };

export type FreeRequests = Exclude<Requests, { fixed: Float64Array }>;

/** Where the power of a slot's requests counts. */
export interface PowerRows {
  balance: number;
  /** −1 where there is no such limit. */
  facility: number;
}

/** A request's power in every row that has it, with its sign. */
function draw(plant: SitePlant, t: number, at: number, rows: PowerRows, sign: number): Entry[] {
  const itKw = sign * (plant.kwPerReqPerS[at] as number);
  const facilityKw = (plant.ppue[t] as number) * itKw;
  const entries: Entry[] = [[rows.balance, facilityKw]];
  if (rows.facility >= 0) entries.push([rows.facility, facilityKw]);
  if (binds(plant.waterCapL)) {
    const row = waterRow(plant.dayOf[t] as number);
    entries.push([row, plant.slotHours * (plant.itWaterL[t] as number) * itKw]);
  }
  return entries;
}

/** AUD per req/s and slot for on-site water, the only cost of IT power not on the meter. */
function itAudOf(plant: SitePlant, t: number, at: number): number {
  return plant.slotHours * (plant.itAud[t] as number) * (plant.kwPerReqPerS[at] as number);
}

/** S ≤ N of given N, whose power is in the right-hand sides; returns the column of S. */
export function addShed(
  builder: ProgramBuilder,
  plant: SitePlant,
  t: number,
  at: number,
  most: number,
  rows: PowerRows,
): number {
  return builder.column({
    cost: plant.unservedAud - itAudOf(plant, t, at),
    upper: most,
    entries: draw(plant, t, at, rows, -1),
    size: most,
  });
}

/** Rows of a slot's free requests: M + S = N by class, and ℓ = Σ s N. */
export interface FreeRows {
  total: Int32Array;
  load: number;
}

/** Comes before the slot's power rows: a class's row then meets those, and no other class's. */
export function addFreeRows(
  builder: ProgramBuilder,
  classCount: number,
  t: number,
  requests: FreeRequests,
): FreeRows {
  const total = Int32Array.from({ length: classCount }, (_, k) =>
    (requests.most[t * classCount + k] as number) > 0 ? builder.row(0) : -1,
  );
  return { total, load: total.some((row) => row >= 0) ? builder.row(0) : -1 };
}

/** N, M served and S shed by class, and the load with its queue. */
export function addFreeRequests(
  builder: ProgramBuilder,
  site: SiteProblem,
  plant: SitePlant,
  t: number,
  requests: FreeRequests,
  free: FreeRows,
  power: PowerRows,
): void {
  for (let k = 0; k < site.classCount; k++) {
    const at = t * site.classCount + k;
    const row = free.total[k] as number;
    if (row < 0) continue;
    const most = requests.most[at] as number;
    builder.column({
      cost: requests.costAud[at] as number,
      upper: most,
      entries: [
        [row, -1],
        [free.load, -(site.loadPerReqPerS[k] as number)],
      ],
      size: most,
    });
    builder.column({
      cost: itAudOf(plant, t, at),
      upper: Infinity,
      entries: [[row, 1], ...draw(plant, t, at, power, 1)],
      size: most,
    });
    builder.column({ cost: plant.unservedAud, upper: Infinity, entries: [[row, 1]], size: most });
  }
  if (free.load < 0) return;
  const maxLoad = site.maxLoad[t] as number;
  builder.column({
    cost: 0,
    upper: maxLoad,
    entries: [[free.load, 1]],
    size: maxLoad,
    curve: {
      slope: (load) => congestion(site, t, load),
      curvature: (load) => congestionSlope(site, t, load),
    },
  });
}
