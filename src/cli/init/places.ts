import { type Coordinates, greatCircleKm } from '../../core/model/geo.ts';

/** Where Cloudflare can put things, with coordinates to choose the nearest by. */

/**
 * Regions of AWS that `[placement]` accepts by name (so does it those of Google Cloud and Azure), at
 * the city or state that AWS names, °N and °E, rounded: a choice among them, not a measurement.
 */
const AWS_REGIONS: Record<string, [latDeg: number, lonDeg: number]> = {
  'us-east-1': [39, -77.5],
  'us-east-2': [40, -83],
  'us-west-1': [37.4, -121.9],
  'us-west-2': [45.8, -119.7],
  'ca-central-1': [45.5, -73.6],
  'ca-west-1': [51, -114.1],
  'mx-central-1': [20.6, -100.4],
  'sa-east-1': [-23.5, -46.6],
  'eu-west-1': [53.3, -6.3],
  'eu-west-2': [51.5, -0.1],
  'eu-west-3': [48.9, 2.4],
  'eu-central-1': [50.1, 8.7],
  'eu-central-2': [47.4, 8.5],
  'eu-north-1': [59.3, 18.1],
  'eu-south-1': [45.5, 9.2],
  'eu-south-2': [41.7, -0.9],
  'il-central-1': [32.1, 34.8],
  'me-south-1': [26.1, 50.6],
  'me-central-1': [24.5, 54.4],
  'af-south-1': [-33.9, 18.4],
  'ap-south-1': [19.1, 72.9],
  'ap-south-2': [17.4, 78.5],
  'ap-east-1': [22.3, 114.2],
  'ap-northeast-1': [35.7, 139.7],
  'ap-northeast-2': [37.6, 127],
  'ap-northeast-3': [34.7, 135.5],
  'ap-southeast-1': [1.4, 103.8],
  'ap-southeast-2': [-33.9, 151.2],
  'ap-southeast-3': [-6.2, 106.8],
  'ap-southeast-4': [-37.8, 145],
};

/** Location hints of Durable Objects and D1, at a large data centre of each. D1 knows the first six. */
const LOCATION_HINTS: Record<string, [latDeg: number, lonDeg: number]> = {
  wnam: [37.4, -121.9],
  enam: [39, -77.5],
  weur: [48.9, 2.4],
  eeur: [52.2, 21],
  apac: [1.4, 103.8],
  oc: [-33.9, 151.2],
  sam: [-23.5, -46.6],
  afr: [-26.2, 28],
  me: [25.2, 55.3],
};
const D1_HINTS = ['wnam', 'enam', 'weur', 'eeur', 'apac', 'oc'];

const coordinates = ([latDeg, lonDeg]: readonly [number, number]): Coordinates => ({
  latDeg,
  lonDeg,
});

function nearest(
  places: [string, [number, number]][],
  sites: readonly Coordinates[],
): { name: string; km: number } {
  const all = places.map(([name, at]) => ({
    name,
    km: sites.reduce((sum, s) => sum + greatCircleKm(s, coordinates(at)), 0) / sites.length,
  }));
  return all.reduce((best, place) => (place.km < best.km ? place : best));
}

/** The AWS region nearest to a site, as `placementRegion` writes it. */
export function nearestRegion(site: Coordinates): { name: string; km: number } {
  const { name, km } = nearest(Object.entries(AWS_REGIONS), [site]);
  return { name: `aws:${name}`, km };
}

/** How far a site is from a region of AWS; undefined for regions of others. */
export function kmToRegion(site: Coordinates, placementRegion: string): number | undefined {
  const at = AWS_REGIONS[placementRegion.replace(/^aws:/, '')];
  return placementRegion.startsWith('aws:') && at
    ? greatCircleKm(site, coordinates(at))
    : undefined;
}

/** Hints with the least mean distance to the sites: of the coordinator and of the database. */
export function locationHints(sites: readonly Coordinates[]): { coordinator: string; d1: string } {
  const hints = Object.entries(LOCATION_HINTS);
  return {
    coordinator: nearest(hints, sites).name,
    d1: nearest(
      hints.filter(([name]) => D1_HINTS.includes(name)),
      sites,
    ).name,
  };
}
