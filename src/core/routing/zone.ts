import type { Zone } from '../model/fleet.ts';
import type { Coordinates } from '../model/geo.ts';

/** Zones as points of the unit sphere, [x, y, z, x, …]; a request looks at all of them. */
const points = new WeakMap<readonly Zone[], Float64Array>();

/** The zone nearest to a client; the first zone when the client's place is unknown. */
export function nearestZone(zones: readonly Zone[], client: Coordinates | undefined): Zone {
  const first = zones[0];
  if (first === undefined) throw new RangeError('a fleet has at least one zone');
  if (client === undefined) return first;
  let known = points.get(zones);
  if (known === undefined) {
    known = Float64Array.from(zones.flatMap(pointOf));
    points.set(zones, known);
  }
  const [x, y, z] = pointOf(client);
  let best = 0;
  let bestCosine = -2;
  for (let i = 0; i < zones.length; i++) {
    // The cosine of the angle between two places falls as their distance grows.
    const cosine =
      x * (known[3 * i] as number) +
      y * (known[3 * i + 1] as number) +
      z * (known[3 * i + 2] as number);
    if (cosine <= bestCosine) continue;
    best = i;
    bestCosine = cosine;
  }
  return zones[best] as Zone;
}

function pointOf({ latDeg, lonDeg }: Coordinates): [number, number, number] {
  const lat = (latDeg * Math.PI) / 180;
  const lon = (lonDeg * Math.PI) / 180;
  return [Math.cos(lat) * Math.cos(lon), Math.cos(lat) * Math.sin(lon), Math.sin(lat)];
}
