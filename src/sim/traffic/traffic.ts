import type { PublicFleet } from '../../core/model/fleet.ts';
import { promptsOf } from '../../core/model/request-class.ts';
import { floorToHour } from '../../core/model/time.ts';
import { expectedDemand } from '../../core/planning/inputs.ts';
import { type Random, randomOf } from '../events/random.ts';
import { profileFor, type TrafficProfile } from './profiles.ts';

/** A request that comes. */
export interface TrafficRequest {
  zone: string;
  /** Model name that it asks for. */
  model: string;
  promptTokens: number;
  answerTokens: number;
  /** Of its own: these users do not come back. */
  session: string;
}

interface ClassTraffic {
  model: string;
  prompts: number[];
  profile: TrafficProfile;
  random: Random;
  /** Multiplier of each of the profile's bursts, and the span for which it was drawn. */
  drawn: { span: number; factor: number }[];
}

/**
 * Requests of a fleet's zones as its demand has them by the hour, in bursts as a real service had them
 * by the second. Repeatable: the same seed and the same instants bring the same requests.
 */
export class Traffic {
  readonly #fleet: PublicFleet;
  readonly #scale: number;
  readonly #classes: ClassTraffic[];
  #hour: { utcMs: number; reqPerS: Float64Array } = {
    utcMs: Number.NaN,
    reqPerS: new Float64Array(),
  };
  #count = 0;

  /** @param meanReqPerS of all zones and classes, mean over a day */
  constructor(fleet: PublicFleet, meanReqPerS: number, seed: number) {
    this.#fleet = fleet;
    const day = expectedDemand(fleet, 0, 24, 1);
    this.#scale = meanReqPerS / (day.reduce((a, b) => a + b, 0) / 24);
    this.#classes = fleet.classes.map((cls) => {
      const profile = profileFor(cls.meanOutputTokens);
      return {
        model: cls.model,
        prompts: promptsOf(cls),
        profile,
        random: randomOf(seed, `traffic ${cls.id}`),
        drawn: profile.bursts.map(() => ({ span: -1, factor: 1 })),
      };
    });
  }

  /**
   * What comes in [fromS, toS).
   * @param utcMs instant by the system's clock, which says how much demand there is
   */
  between(fromS: number, toS: number, utcMs: number): TrafficRequest[] {
    const rates = this.#ratesAt(utcMs);
    const { zones } = this.#fleet;
    const K = this.#classes.length;
    return this.#classes.flatMap((cls, k) => {
      const byZone = zones.map((_, i) => rates[i * K + k] as number);
      const total = byZone.reduce((a, b) => a + b, 0);
      const expected = this.#scale * total * burstOf(cls, fromS) * (toS - fromS);
      return Array.from({ length: poisson(expected, cls.random) }, (): TrafficRequest => {
        const zone = zones[drawIndex(byZone, total, cls.random)]?.id as string;
        this.#count++;
        return {
          zone,
          model: cls.model,
          promptTokens: Math.max(1, Math.round(pick(cls.prompts, cls.random))),
          answerTokens: Math.max(1, Math.round(pick(cls.profile.answerTokens, cls.random))),
          session: `traffic-${this.#count}`,
        };
      });
    });
  }

  #ratesAt(utcMs: number): Float64Array {
    const hourMs = floorToHour(utcMs);
    if (this.#hour.utcMs !== hourMs) {
      this.#hour = { utcMs: hourMs, reqPerS: expectedDemand(this.#fleet, hourMs, 1, 1) };
    }
    return this.#hour.reqPerS;
  }
}

/** Product of the multipliers that hold at an instant; a new one is drawn where a span begins. */
function burstOf(cls: ClassTraffic, atS: number): number {
  let product = 1;
  cls.profile.bursts.forEach(({ spanS, variation }, n) => {
    const held = cls.drawn[n] as { span: number; factor: number };
    const span = Math.floor(atS / spanS);
    if (held.span !== span) {
      held.span = span;
      held.factor = gamma(variation, cls.random);
    }
    product *= held.factor;
  });
  return product;
}

const pick = (values: readonly number[], random: Random) =>
  values[Math.floor(random() * values.length)] as number;

function drawIndex(weights: readonly number[], total: number, random: Random): number {
  let left = random() * total;
  for (let n = 0; n < weights.length; n++) {
    left -= weights[n] as number;
    if (left < 0) return n;
  }
  return weights.length - 1;
}

/** How many come where `mean` are expected: gaps are exponential. */
function poisson(mean: number, random: Random): number {
  let count = -1;
  let passed = 0;
  while (passed < mean) {
    passed -= Math.log(1 - random());
    count++;
  }
  return Math.max(0, count);
}

/** A gamma variable of mean 1 (Marsaglia and Tsang 2000; below shape 1 with their correction). */
function gamma(variation: number, random: Random): number {
  const shape = 1 / variation ** 2;
  const d = Math.max(shape, shape < 1 ? shape + 1 : shape) - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(random);
    const v = (1 + c * x) ** 3;
    if (v <= 0 || Math.log(1 - random()) >= 0.5 * x * x + d - d * v + d * Math.log(v)) continue;
    const drawn = shape < 1 ? d * v * random() ** (1 / shape) : d * v;
    return drawn / shape;
  }
}

/** Box and Muller 1958. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
