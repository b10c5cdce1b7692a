/**
 * Global irradiance on a horizontal plane under a clear sky, W/m², by the sine of the sun's elevation:
 * Haurwitz 1945, "Insolation in Relation to Cloudiness and Cloud Density", J. Meteorology 2, with the
 * constants of pvlib (0.059; other copies have 0.057). It has no turbidity, altitude or season.
 */
export function clearSkyWPerM2(sinElevation: number): number {
  return sinElevation > 0 ? 1098 * sinElevation * Math.exp(-0.059 / sinElevation) : 0;
}

/**
 * Share of it that passes clouds: 1 − 0.75 (N/8)^3.4 at N oktas; Kasten and Czeplak 1980, "Solar and
 * terrestrial radiation dependent on the amount and type of cloud", Solar Energy 24. At mean cover it
 * gives more than the mean of what passes, since it is concave.
 * @param cover share of the sky, 0…1
 */
export function passesClouds(cover: number): number {
  return 1 - 0.75 * Math.min(1, Math.max(0, cover)) ** 3.4;
}
