import { z } from 'zod';
import { tariffSchema } from '../../core/model/tariff.ts';

/** How a tariff is written in a line. */
export const TARIFF_FORM =
  '0.21, or bands by local hour such as "0.14@22-7 0.30@7-22", or spot:0.12 (the rate where no wholesale price is known)';

const NUMBER = String.raw`-?\d+(?:\.\d+)?`;
const BAND = new RegExp(`^(${NUMBER})@(\\d{1,2})-(\\d{1,2})$`);
const SPOT = new RegExp(`^spot:(${NUMBER})(?:\\+(${NUMBER}))?$`);

/** Reads a tariff in AUD/kWh; undefined for a text of another form. Ranges are the registry's to check. */
export function parseTariff(text: string): z.input<typeof tariffSchema> | undefined {
  const spot = SPOT.exec(text);
  if (spot) {
    return {
      kind: 'spot',
      fallbackAudPerKwh: Number(spot[1]),
      networkAudPerKwh: Number(spot[2] ?? 0),
    };
  }
  if (new RegExp(`^${NUMBER}$`).test(text)) return { kind: 'flat', rateAudPerKwh: Number(text) };
  const bands = text.split(/\s+/).map((part) => BAND.exec(part));
  if (!bands.every((band) => band !== null)) return undefined;
  return {
    kind: 'time-of-use',
    bands: bands.map(([, rate, from, to]) => ({
      fromHour: Number(from),
      toHour: Number(to),
      rateAudPerKwh: Number(rate),
    })),
  };
}

/** A tariff of the registry, from such a text. */
export const tariffText = z
  .string()
  .transform((text, ctx): z.input<typeof tariffSchema> => {
    const tariff = parseTariff(text);
    if (tariff !== undefined) return tariff;
    ctx.addIssue({
      code: 'custom',
      message: `is ${JSON.stringify(text)}, expected ${TARIFF_FORM}`,
    });
    return z.NEVER;
  })
  .pipe(tariffSchema);
