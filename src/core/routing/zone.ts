import type { Zone } from '../model/fleet.ts';
import { type Coordinates, greatCircleKm } from '../model/geo.ts';

/** The zone nearest to a client; the first zone when the client's place is unknown. */
export function nearestZone(zones: readonly Zone[], client: Coordinates | undefined): Zone {
  const first = zones[0];
  if (first === undefined) throw new RangeError('a fleet has at least one zone');
  if (client === undefined) return first;
  let best = first;
  let bestKm = Number.POSITIVE_INFINITY;
  for (const zone of zones) {
    const km = greatCircleKm(zone, client);
    if (km < bestKm) {
      best = zone;
      bestKm = km;
    }
  }
  return best;
}
