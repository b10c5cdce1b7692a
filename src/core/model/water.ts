/**
 * On-site WUE in L per kWh of IT of an evaporative system at a fixed approach temperature, by wet
 * bulb: −0.0001896 Tw² + 0.03095 Tw + 0.4442, Tw in °F. Gupta et al., "Dataset for quantifying data
 * center water use" (arXiv:2405.17469); coefficients quoted second-hand. 1.52, 1.67 and 1.70 at 10,
 * 20 and 30 °C; under the latent-heat bound of about 2.2. Held at its maximum past the vertex
 * (27.6 °C wet bulb), where the quadratic would fall for no physical reason.
 */
export function wueFixedApproachLPerKwh(wetBulbC: number): number {
  const vertexF = 0.03095 / (2 * 0.0001896);
  const f = Math.min(wetBulbC * 1.8 + 32, vertexF);
  return Math.max(0, -0.0001896 * f * f + 0.03095 * f + 0.4442);
}

/**
 * The same of a cooling tower by Li, Yang, Islam and Ren ("Making AI less thirsty", official code), S
 * cycles of concentration: max(0.05, S/(S−1) · (6e-5 Tw³ − 0.01 Tw² + 0.61 Tw − 10.4)), Tw in °F. 4.45 at
 * 20 °C, above what evaporation alone could need: for comparison.
 */
export function wueTowerLPerKwh(wetBulbC: number): number {
  const f = wetBulbC * 1.8 + 32;
  const polynomial = 6e-5 * f ** 3 - 0.01 * f ** 2 + 0.61 * f - 10.4;
  return Math.max(0.05, (TOWER_CYCLES / (TOWER_CYCLES - 1)) * polynomial);
}

const TOWER_CYCLES = 6;

/**
 * Water consumed by generation, L per kWh (Li, Yang, Islam, Ren, "Making AI less thirsty", official
 * code): used to derive a region's off-site factor from its fuel mix.
 */
export const OFF_SITE_WATER_L_PER_KWH_BY_FUEL = {
  coal: 1.703,
  gas: 1.136,
  oil: 1.325,
  other: 1.798,
  hydro: 0,
  wind: 0,
  solar: 0,
} as const;
