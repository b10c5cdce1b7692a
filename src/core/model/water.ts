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
