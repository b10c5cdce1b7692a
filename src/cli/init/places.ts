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

/** Those of Google Cloud, at the city that it names, as far as AWS's go. Azure's are not known here. */
const GOOGLE_REGIONS: Record<string, [latDeg: number, lonDeg: number]> = {
  'us-central1': [41.3, -95.9],
  'us-east1': [33.2, -80],
  'us-east4': [39, -77.5],
  'us-east5': [40, -83],
  'us-south1': [32.8, -96.8],
  'us-west1': [45.6, -121.2],
  'us-west2': [34.1, -118.2],
  'us-west3': [40.8, -111.9],
  'us-west4': [36.2, -115.1],
  'northamerica-northeast1': [45.5, -73.6],
  'northamerica-northeast2': [43.7, -79.4],
  'northamerica-south1': [20.6, -100.4],
  'southamerica-east1': [-23.5, -46.6],
  'southamerica-west1': [-33.4, -70.7],
  'europe-central2': [52.2, 21],
  'europe-north1': [60.6, 27.2],
  'europe-north2': [59.3, 18.1],
  'europe-southwest1': [40.4, -3.7],
  'europe-west1': [50.4, 3.8],
  'europe-west2': [51.5, -0.1],
  'europe-west3': [50.1, 8.7],
  'europe-west4': [53.4, 6.8],
  'europe-west6': [47.4, 8.5],
  'europe-west8': [45.5, 9.2],
  'europe-west9': [48.9, 2.4],
  'europe-west10': [52.5, 13.4],
  'europe-west12': [45.1, 7.7],
  'asia-east1': [24.1, 120.5],
  'asia-east2': [22.3, 114.2],
  'asia-northeast1': [35.7, 139.7],
  'asia-northeast2': [34.7, 135.5],
  'asia-northeast3': [37.6, 127],
  'asia-south1': [19.1, 72.9],
  'asia-south2': [28.6, 77.2],
  'asia-southeast1': [1.4, 103.8],
  'asia-southeast2': [-6.2, 106.8],
  'australia-southeast1': [-33.9, 151.2],
  'australia-southeast2': [-37.8, 145],
  'me-west1': [32.1, 34.8],
  'me-central1': [25.3, 51.5],
  'me-central2': [26.4, 50.1],
  'africa-south1': [-26.2, 28],
};

/** As `placementRegion` writes them. */
const REGIONS = Object.fromEntries([
  ...Object.entries(AWS_REGIONS).map(([name, at]) => [`aws:${name}`, at] as const),
  ...Object.entries(GOOGLE_REGIONS).map(([name, at]) => [`gcp:${name}`, at] as const),
]);

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

/** A region this much nearer than another is worth the change. */
export const MUCH_NEARER_KM = 500;

/** The nearest of all regions known here. */
export function nearestKnownRegion(site: Coordinates): { name: string; km: number } {
  return nearest(Object.entries(REGIONS), [site]);
}

/** The region for a site's solver, as `placementRegion` writes it: AWS's, unless Google Cloud has one much nearer. */
export function nearestRegion(site: Coordinates): { name: string; km: number } {
  const ofAws = Object.entries(REGIONS).filter(([name]) => name.startsWith('aws:'));
  const own = nearest(ofAws, [site]);
  const other = nearestKnownRegion(site);
  return own.km - other.km > MUCH_NEARER_KM ? other : own;
}

/** How far a site is from a cloud region; undefined where nobody here knows the region. */
export function kmToRegion(site: Coordinates, placementRegion: string): number | undefined {
  const at = REGIONS[placementRegion];
  return at && greatCircleKm(site, coordinates(at));
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
