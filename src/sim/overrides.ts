import { type Cooling, coolingKinds, coolingSchema } from '../core/model/cooling/index.ts';
import { InvalidInputError, issueLines } from '../core/model/errors.ts';
import type { Fleet } from '../core/model/fleet.ts';
import { issueWords } from '../core/model/issue-words.ts';
import type { Tariff, TariffKind } from '../core/model/tariff.ts';

/** Mean of what a contract charges over the day's 24 hours, AUD/kWh. */
function meanRateAudPerKwh(tariff: Tariff): number {
  if (tariff.kind === 'spot') return tariff.fallbackAudPerKwh;
  const { networkAudPerKwh = 0 } = tariff;
  if (tariff.kind === 'flat') return tariff.rateAudPerKwh + networkAudPerKwh;
  const hours = tariff.bands.map((b) => (b.toHour - b.fromHour + 24) % 24 || 24);
  const total = tariff.bands.reduce((sum, b, i) => sum + b.rateAudPerKwh * (hours[i] as number), 0);
  return total / 24 + networkAudPerKwh;
}

/**
 * The same site under another kind of contract, at the same mean rate: `flat` is that rate all day,
 * `time-of-use` 0.85 of it by night and 1.3 from 16 to 22, `spot` the wholesale price alone, with
 * that rate where there is none.
 */
function asKind(tariff: Tariff, kind: TariffKind): Tariff {
  if (tariff.kind === kind) return tariff;
  const rateAudPerKwh = meanRateAudPerKwh(tariff);
  switch (kind) {
    case 'flat':
      return { kind, rateAudPerKwh };
    case 'spot':
      return { kind, networkAudPerKwh: 0, fallbackAudPerKwh: rateAudPerKwh };
    case 'time-of-use':
      return {
        kind,
        bands: [
          { fromHour: 22, toHour: 7, rateAudPerKwh: 0.85 * rateAudPerKwh },
          { fromHour: 7, toHour: 16, rateAudPerKwh: 0.95 * rateAudPerKwh },
          { fromHour: 16, toHour: 22, rateAudPerKwh: 1.3 * rateAudPerKwh },
        ],
      };
  }
}

export const tariffOptions = { spot: 'spot', flat: 'flat', tou: 'time-of-use' } as const;

/** Every site on one kind of tariff. */
export function withTariff(fleet: Fleet, kind: TariffKind): Fleet {
  const sites = fleet.sites.map((s) => ({
    ...s,
    cost: { ...s.cost, tariff: asKind(s.cost.tariff, kind) },
  }));
  return { ...fleet, sites };
}

/**
 * Every site on one cooling model: a kind with its defaults, or JSON with parameters
 * (`{"kind":"fixed","ppue":1.3}`). Throws {@link InvalidInputError}.
 */
export function withCooling(fleet: Fleet, option: string): Fleet {
  const cooling = parseCooling(option);
  const sites = fleet.sites.map((s) => ({ ...s, cost: { ...s.cost, cooling } }));
  return { ...fleet, sites };
}

function parseCooling(option: string): Cooling {
  let value: unknown = { kind: option };
  if (option.trimStart().startsWith('{')) {
    try {
      value = JSON.parse(option);
    } catch (error) {
      throw new InvalidInputError('--cooling', [`not JSON: ${(error as Error).message}`]);
    }
  } else if (!(coolingKinds as string[]).includes(option)) {
    throw new InvalidInputError('--cooling', [
      `"${option}", expected one of ${coolingKinds.join(', ')}`,
    ]);
  }
  const parsed = coolingSchema.safeParse(value, { error: issueWords(true) });
  if (parsed.success) return parsed.data;
  const hint = option === 'fixed' ? '; try \'{"kind":"fixed","ppue":1.3}\'' : '';
  throw new InvalidInputError('--cooling', [issueLines(parsed.error).join('; ') + hint]);
}
