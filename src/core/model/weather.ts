/** Outdoor air as the cooling models see it. */
export interface Air {
  tempC: number;
  wetBulbC: number;
}

/**
 * Wet-bulb temperature in °C from dry bulb (°C) and relative humidity (percent), at sea level.
 * Stull 2011, "Wet-Bulb Temperature from Relative Humidity and Air Temperature",
 * J. Appl. Meteor. Climatol. 50, eq. 1; valid for 5–99 % and −20…50 °C, error within 1 °C.
 * Humidity is clamped into that range, and the result never exceeds the dry bulb.
 *
 * @example wetBulbC(20, 50) // 13.7
 */
export function wetBulbC(tempC: number, rhPct: number): number {
  const rh = Math.min(99, Math.max(5, rhPct));
  const stull =
    tempC * Math.atan(0.151977 * Math.sqrt(rh + 8.313659)) +
    Math.atan(tempC + rh) -
    Math.atan(rh - 1.676331) +
    0.00391838 * rh ** 1.5 * Math.atan(0.023101 * rh) -
    4.686035;
  return Math.min(tempC, stull);
}

/** Air state from what weather feeds carry. */
export function airOf(tempC: number, rhPct: number): Air {
  return { tempC, wetBulbC: wetBulbC(tempC, rhPct) };
}
