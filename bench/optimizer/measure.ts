import type { Instance } from '../../test/core/support/instances.ts';
import { perturbed } from './edge-instance.ts';
import { type HighsResult, solveWithHighs } from './highs.ts';
import type { NamedInstance } from './instances.ts';
import { peakMemory } from './memory.ts';
import { progress } from './progress.ts';
import { leftBy, type Run, run } from './run.ts';

export interface MeasureOptions {
  data?: string;
  highs: boolean;
  classic: boolean;
}

/** Gap and rounds a run has to reach it in. */
const TARGETS = {
  cold: { gap: 1e-3, rounds: 5 },
  warm: { gap: 1e-3, rounds: 3 },
  tight: { gap: 1e-4, rounds: 7 },
};
/** The same where slots depend on one another. */
const COUPLED_TARGETS: typeof TARGETS = {
  cold: { gap: 1e-3, rounds: 20 },
  warm: { gap: 1e-3, rounds: 20 },
  tight: { gap: 1e-4, rounds: 60 },
};
const MAX_ROUNDS = 60;
/** Our plan's true cost over that of HiGHS's, whose queue costs are linear pieces. */
const OBJECTIVE_DIFF = 1e-4;

export interface Measurement {
  instance: string;
  days: number;
  coldRounds: Spread;
  warmRounds: Spread;
  coldRoundsTight: Spread;
  /** Rounds of a re-plan in which nothing changed. */
  unchangedRounds: Spread;
  /** Of supply rounds, cold: to 0.1 % and to 0.01 %. */
  supplyRounds: Spread;
  supplyRoundsTight: Spread;
  /** CPU of a supply run to 0.1 %, coordinator and sites; bytes of its first round by site. */
  supplyCpuMs: number;
  supplyBytes: number;
  /** HiGHS's CPU over that. */
  supplyRatio?: number;
  classicColdRounds?: Spread;
  /** Worst certified gap of the cold runs. */
  gap: number;
  /** Of the cold runs to 0.1 %, all rounds, coordinator and sites; mean over the days. */
  cpuMs: number;
  masterMsPerRound: number;
  siteCpuMsPerRound: number;
  bytesPerRound: number;
  highsMs?: number;
  /** HiGHS's CPU over ours. */
  ratio?: number;
  /** (our objective to 0.01 % − HiGHS's)/HiGHS's: worst day. */
  objectiveDiff?: number;
  /** Memory of a cold run to 0.1 %, and of HiGHS, on the first day: see memory.ts. MB. */
  memoryMb?: number;
  highsMemoryMb?: number;
  /** HiGHS's memory over ours. */
  memoryRatio?: number;
  /** Where a target was missed. */
  misses: string[];
}

export interface Spread {
  median: number;
  p99: number;
  worst: number;
}

export async function measure(named: NamedInstance, options: MeasureOptions): Promise<Measurement> {
  const days = await named.days(options.data);
  const cold: Run[] = [];
  const warm: Run[] = [];
  const tight: Run[] = [];
  const unchanged: Run[] = [];
  const classic: Run[] = [];
  const supply: Run[] = [];
  const supplyTight: Run[] = [];
  const misses: string[] = [];
  const highs: HighsResult[] = [];
  const targets = named.coupled ? COUPLED_TARGETS : TARGETS;
  const note = (label: string, kind: keyof typeof TARGETS, r: Run) => {
    const { gap, rounds } = targets[kind];
    if (r.reachedGap && r.rounds <= rounds) return;
    misses.push(
      `${label} ${kind}: ${r.rounds} rounds to ${r.gap.toExponential(1)}, expected ${rounds} to ${gap}`,
    );
  };
  for (const [n, { label, instance }] of days.entries()) {
    progress(`${named.name} ${label} (${n + 1} of ${days.length})`);
    const first = runTo(instance, TARGETS.cold.gap);
    cold.push(first);
    note(label, 'cold', first);
    const again = run(
      instance,
      { gapTarget: TARGETS.cold.gap, maxRounds: MAX_ROUNDS },
      leftBy(first.state),
    );
    unchanged.push(again);
    const later = run(
      perturbed(instance, 1000 + n),
      { gapTarget: TARGETS.warm.gap, maxRounds: MAX_ROUNDS },
      leftBy(first.state),
    );
    warm.push(later);
    note(label, 'warm', later);
    const exact = runTo(instance, TARGETS.tight.gap);
    tight.push(exact);
    note(label, 'tight', exact);
    supply.push(run(instance, { mode: 'supply', gapTarget: 1e-3, maxRounds: MAX_ROUNDS }));
    supplyTight.push(run(instance, { mode: 'supply', gapTarget: 1e-4, maxRounds: MAX_ROUNDS }));
    if (options.classic && !named.without?.includes('classic')) {
      classic.push(run(instance, { mode: 'classic', gapTarget: TARGETS.cold.gap, maxRounds: 300 }));
    }
    if (options.highs && !named.without?.includes('highs'))
      highs.push(await solveWithHighs(instance));
  }
  progress(`${named.name} memory`);
  const memory = peakMemory(days[0]!.instance, highs.length > 0);
  const mean = (of: (r: Run) => number) => cold.reduce((s, r) => s + of(r), 0) / cold.length;
  const cpuMs = mean((r) => r.beginMs + r.masterMs + r.sitesMs);
  const supplyCpuMs =
    supply.reduce((sum, r) => sum + r.beginMs + r.masterMs + r.sitesMs, 0) / supply.length;
  const highsMs = highs.length > 0 ? highs.reduce((s, h) => s + h.ms, 0) / highs.length : undefined;
  const measurement: Measurement = {
    instance: named.name,
    days: days.length,
    coldRounds: spread(cold),
    warmRounds: spread(warm),
    coldRoundsTight: spread(tight),
    unchangedRounds: spread(unchanged),
    supplyRounds: spread(supply),
    supplyRoundsTight: spread(supplyTight),
    supplyCpuMs,
    supplyBytes: Math.max(...supply.map((r) => r.firstRoundBytes)),
    supplyRatio: highsMs === undefined ? undefined : highsMs / supplyCpuMs,
    classicColdRounds: classic.length > 0 ? spread(classic) : undefined,
    gap: Math.max(...cold.map((r) => r.gap)),
    cpuMs,
    masterMsPerRound: mean((r) => (r.beginMs + r.masterMs) / r.rounds),
    siteCpuMsPerRound: mean((r) => r.sitesMs / r.rounds),
    bytesPerRound: mean((r) => r.bytesPerRoundAndSite),
    highsMs,
    ratio: highsMs === undefined ? undefined : highsMs / cpuMs,
    objectiveDiff:
      highs.length === 0
        ? undefined
        : Math.max(
            ...highs.map(
              (h, n) =>
                ((tight[n] as Run).objectiveAud - h.objectiveAud) / Math.abs(h.objectiveAud),
            ),
          ),
    ...memory,
    misses,
  };
  misses.push(...missedMusts(named, measurement));
  return measurement;
}

function missedMusts({ musts = {} }: NamedInstance, m: Measurement): string[] {
  const checks: [string, number | undefined, 'at most' | 'at least', number | undefined][] = [
    ['master ms per round', m.masterMsPerRound, 'at most', musts.masterMsPerRound],
    ['HiGHS over CPU', m.ratio, 'at least', musts.ratio],
    ['objective difference', m.objectiveDiff, 'at most', OBJECTIVE_DIFF],
  ];
  return checks.flatMap(([what, value, sense, limit]) => {
    if (value === undefined || limit === undefined) return [];
    if (sense === 'at most' ? value <= limit : value >= limit) return [];
    return [`${what}: ${value.toPrecision(3)}, expected ${sense} ${limit}`];
  });
}

function runTo(instance: Instance, gapTarget: number): Run {
  return run(instance, { gapTarget, maxRounds: MAX_ROUNDS });
}

function spread(runs: Run[]): Spread {
  const sorted = runs
    .map((r) => (r.reachedGap ? r.rounds : Number.POSITIVE_INFINITY))
    .sort((a, b) => a - b);
  const at = (p: number) =>
    sorted[Math.min(sorted.length - 1, Math.ceil(p * sorted.length) - 1)] as number;
  return { median: at(0.5), p99: at(0.99), worst: at(1) };
}
