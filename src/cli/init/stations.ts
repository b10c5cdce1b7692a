import { type Coordinates, greatCircleKm } from '../../core/model/geo.ts';

/** Cities that the embedded tables of climate and grid know, °N and °E. */
const STATIONS: [climateStation: string, gridRegion: string, latDeg: number, lonDeg: number][] = [
  ['Sydney', 'NSW1', -33.868, 151.209],
  ['Melbourne', 'VIC1', -37.814, 144.963],
  ['Brisbane', 'QLD1', -27.47, 153.026],
  ['Perth', 'WEM', -31.95, 115.861],
  ['Adelaide', 'SA1', -34.929, 138.601],
  ['GoldCoast', 'QLD1', -28.017, 153.4],
  ['Newcastle', 'NSW1', -32.927, 151.776],
  ['Canberra', 'NSW1', -35.281, 149.13],
  ['Wollongong', 'NSW1', -34.425, 150.893],
  ['Hobart', 'TAS1', -42.882, 147.327],
  ['Townsville', 'QLD1', -19.259, 146.817],
  ['Cairns', 'QLD1', -16.919, 145.778],
  ['Darwin', 'NT', -12.463, 130.842],
  ['Launceston', 'TAS1', -41.433, 147.144],
];

/** Beyond this a city's climate is not taken to be a site's. */
const NEAR_KM = 50;

/** The embedded city that a site is in or beside. */
export function embeddedStation(
  site: Coordinates,
): { climateStation: string; gridRegion: string } | undefined {
  const near = STATIONS.map(([climateStation, gridRegion, latDeg, lonDeg]) => ({
    climateStation,
    gridRegion,
    km: greatCircleKm(site, { latDeg, lonDeg }),
  })).toSorted((a, b) => a.km - b.km)[0];
  return near && near.km <= NEAR_KM ? near : undefined;
}
