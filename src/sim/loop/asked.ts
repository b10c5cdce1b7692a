import { readFileSync } from 'node:fs';
import { InvalidInputError } from '../../core/model/errors.ts';
import type { Fleet } from '../../core/model/fleet.ts';
import { localHourOfWeek } from '../../core/model/time.ts';

/** Requests that came, from a service's recorded rates, for zones of a fleet. */

/** Rates of a service by steps of equal length, relative to their mean. */
export interface RateTrace {
  source: string;
  stepS: number;
  relative: Float64Array;
}

/** Reads `t_s,req_per_s`. Throws {@link InvalidInputError} naming file, line and what was expected. */
export function readRateTrace(path: string, source: string): RateTrace {
  const [head = '', ...lines] = readFileSync(path, 'utf8').trim().split(/\r?\n/);
  const names = head.split(',').map((name) => name.trim());
  const column = (name: string) => {
    const at = names.indexOf(name);
    if (at >= 0) return at;
    throw new InvalidInputError(path, [`line 1: expected a column named "${name}"`]);
  };
  const [tAt, rateAt] = [column('t_s'), column('req_per_s')];
  const rows = lines.map((line, n) => {
    const cells = line.split(',');
    const [t, rate] = [Number(cells[tAt] || Number.NaN), Number(cells[rateAt] || Number.NaN)];
    if (t >= 0 && rate >= 0 && rate < Infinity) return { t, rate };
    throw new InvalidInputError(path, [`line ${n + 2}: expected two numbers of 0 or more`]);
  });
  const stepS = (rows[1]?.t ?? 0) - (rows[0]?.t ?? 0);
  const uneven = rows.findIndex(({ t }, n) => t !== (rows[0]?.t as number) + n * stepS);
  if (rows.length < 2 || uneven >= 0 || !(stepS > 0)) {
    throw new InvalidInputError(path, [`line ${uneven + 2}: expected t_s to rise by equal steps`]);
  }
  const mean = rows.reduce((sum, { rate }) => sum + rate, 0) / rows.length;
  if (!(mean > 0)) throw new InvalidInputError(path, ['no requests']);
  return { source, stepS, relative: Float64Array.from(rows, ({ rate }) => rate / mean) };
}

/**
 * Demand of every zone and class at any instant: the registry's mean for the population times the
 * trace's rate, by the zone's own clock. Zones begin at different days of the trace, so that they do
 * not all burst at once; within its length no zone sees an hour of it twice.
 */
export class Asked {
  readonly #fleet: Fleet;
  readonly #traces: readonly RateTrace[];
  readonly #startUtcMs: number;
  readonly #shiftS: number[];

  /**
   * @param traces by class, in the fleet's order
   * @param day of the traces with which the first zone begins
   */
  constructor(fleet: Fleet, traces: readonly RateTrace[], startUtcMs: number, day = 0) {
    this.#fleet = fleet;
    this.#traces = traces;
    this.#startUtcMs = startUtcMs;
    this.#shiftS = fleet.zones.map((zone, i) => {
      const local = localHourOfWeek(startUtcMs, zone.timeZone);
      return 3600 * ((local % 24) + 24 * (i + day));
    });
  }

  /** req/s, index i·K + k, mean over [utcMs, utcMs + forMs). */
  reqPerS(utcMs: number, forMs: number): Float64Array {
    const K = this.#fleet.classes.length;
    return Float64Array.from({ length: this.#fleet.zones.length * K }, (_, n) => {
      const zone = this.#fleet.zones[Math.floor(n / K)] as Fleet['zones'][number];
      const cls = this.#fleet.classes[n % K] as Fleet['classes'][number];
      const { stepS, relative } = this.#traces[n % K] as RateTrace;
      const fromS = (utcMs - this.#startUtcMs) / 1000 + (this.#shiftS[Math.floor(n / K)] as number);
      const toS = fromS + forMs / 1000;
      let requests = 0;
      for (let s = Math.floor(fromS / stepS); s * stepS < toS; s++) {
        const withinS = Math.min(toS, (s + 1) * stepS) - Math.max(fromS, s * stepS);
        requests += (relative[s % relative.length] as number) * withinS;
      }
      const mean = this.#fleet.demand.meanReqPerSPerMillion[cls.id] ?? 0;
      return (zone.population / 1e6) * mean * (requests / (toS - fromS));
    });
  }
}
