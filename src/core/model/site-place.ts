import { z } from 'zod';

/**
 * What is known of a place beyond the embedded tables: sites anywhere on Earth bring these figures
 * with them. They stand in where no feed has told the hour.
 */

const tempC = z.number().min(-60).max(50);

/** A place's mean climate; two months say season and hemisphere. */
export const siteClimateSchema = z.strictObject({
  /** Mean temperatures of January and July, day and night, °C. */
  januaryC: tempC,
  julyC: tempC,
  /** From the night's least to the day's most, °C. */
  dailyRangeC: z.number().min(0).max(30).default(9),
  /** Mean relative humidity, percent. */
  rhPct: z.number().min(5).max(100).default(70),
});
export type SiteClimate = z.output<typeof siteClimateSchema>;

/** A grid's annual means. */
export const siteGridSchema = z.strictObject({
  carbonKgPerKwh: z.number().min(0).max(2),
  /** Water that generation consumes, L/kWh. Absent: the mean of the embedded regions. */
  waterLPerKwh: z.number().min(0).max(50).optional(),
});
export type SiteGrid = z.output<typeof siteGridSchema>;
