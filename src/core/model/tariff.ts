import { z } from 'zod';
import { localHour } from './time.ts';
import { KWH_PER_MWH } from './units.ts';

const audPerKwh = z.number().min(-2).max(20);

/** Network and retail charges on top of a contract's rates, where those are for energy alone. */
const networkAudPerKwh = z.number().min(0).max(5).optional();

const spot = z.strictObject({
  kind: z.literal('spot'),
  /** Network and retail charges on top of the wholesale price. */
  networkAudPerKwh: z.number().min(0).max(5).default(0),
  /** Charged for hours in which the feed has no wholesale price. */
  fallbackAudPerKwh: audPerKwh,
});

const flat = z.strictObject({
  kind: z.literal('flat'),
  rateAudPerKwh: audPerKwh,
  networkAudPerKwh,
});

const timeOfUse = z
  .strictObject({
    kind: z.literal('time-of-use'),
    /** Bands by local hour of the day, [fromHour, toHour), wrapping past midnight. */
    bands: z
      .array(
        z.strictObject({
          fromHour: z.int().min(0).max(23),
          toHour: z.int().min(0).max(24),
          rateAudPerKwh: audPerKwh,
        }),
      )
      .min(1),
    networkAudPerKwh,
  })
  .superRefine((tariff, ctx) => {
    for (let hour = 0; hour < 24; hour++) {
      const n = tariff.bands.filter((b) => covers(b, hour)).length;
      if (n === 1) continue;
      ctx.addIssue({
        code: 'custom',
        path: ['bands'],
        message: `local hour ${hour} is in ${n} bands, expected exactly one`,
      });
      return;
    }
  });

/** How a site pays for energy. */
export const tariffSchema = z.discriminatedUnion('kind', [spot, flat, timeOfUse]);
export type Tariff = z.output<typeof tariffSchema>;
export type TariffKind = Tariff['kind'];

function covers(band: { fromHour: number; toHour: number }, hour: number): boolean {
  const { fromHour, toHour } = band;
  return fromHour < toHour ? hour >= fromHour && hour < toHour : hour >= fromHour || hour < toHour;
}

/**
 * Price of a kWh at the site's meter in AUD. Negative prices are normal.
 * @param utcMs instant of the slot's beginning
 * @param timeZone the site's IANA zone, in which time-of-use bands are written
 * @param spotAudPerMwh wholesale price, NaN where the feed has none
 */
export function energyPriceAudPerKwh(
  tariff: Tariff,
  utcMs: number,
  timeZone: string,
  spotAudPerMwh: number,
): number {
  switch (tariff.kind) {
    case 'flat':
      return tariff.rateAudPerKwh + (tariff.networkAudPerKwh ?? 0);
    case 'spot':
      return Number.isFinite(spotAudPerMwh)
        ? spotAudPerMwh / KWH_PER_MWH + tariff.networkAudPerKwh
        : tariff.fallbackAudPerKwh;
    case 'time-of-use': {
      const hour = localHour(utcMs, timeZone);
      const band = tariff.bands.find((b) => covers(b, hour));
      if (band === undefined) throw new RangeError(`tariff: no band covers local hour ${hour}`);
      return band.rateAudPerKwh + (tariff.networkAudPerKwh ?? 0);
    }
  }
}
