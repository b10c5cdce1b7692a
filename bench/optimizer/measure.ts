import type { Instance } from '../../test/core/support/instances.ts';
import { perturbed } from './edge-instance.ts';
import { type HighsResult, solveWithHighs } from './highs.ts';
import type { NamedInstance } from './instances.ts';
import type { Compared, Measurement, RunKind, Spread } from './measurement.ts';
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

export async function measure(named: NamedInstance, options: MeasureOptions): Promise<Measurement> {
  const days = await named.days(options.data);
  const runs: Record<RunKind, Run[]> = {
    cold: [],
    warm: [],
    tight: [],
    unchanged: [],
    supply: [],
    supplyTight: [],
    classic: [],
  };
  const misses: string[] = [];
  const highs: HighsResult[] = [];
  const withHighs = options.highs && !named.without?.includes('highs');
  const firstRunMs = await warmUp(days[0]!.instance, withHighs);
  const targets = named.coupled ? COUPLED_TARGETS : TARGETS;
  for (const [n, { label, instance }] of days.entries()) {
    progress(`${named.name} ${label} (${n + 1} of ${days.length})`);
    const keep = (kind: RunKind, r: Run): Run => {
      runs[kind].push(r);
      const target = kind in targets ? targets[kind as keyof typeof targets] : undefined;
      if (!r.reachedGap || (target && r.rounds > target.rounds)) {
        const expected = target ? `${target.rounds} to ${target.gap}` : 'the gap reached';
        const gap = r.gap.toExponential(1);
        misses.push(`${label} ${kind}: ${r.rounds} rounds to ${gap}, expected ${expected}`);
      }
      return r;
    };
    const { cold, warm, tight } = TARGETS;
    const { state } = keep('cold', runTo(instance, cold.gap));
    keep('unchanged', runTo(instance, cold.gap, 'learned', leftBy(state)));
    keep('warm', runTo(perturbed(instance, 1000 + n), warm.gap, 'learned', leftBy(state)));
    keep('tight', runTo(instance, tight.gap));
    keep('supply', runTo(instance, cold.gap, 'supply'));
    keep('supplyTight', runTo(instance, tight.gap, 'supply'));
    if (options.classic && !named.without?.includes('classic')) {
      keep('classic', runTo(instance, cold.gap, 'classic'));
    }
    if (withHighs) {
      highs.push(await solveWithHighs(instance));
    }
  }
  progress(`${named.name} memory`);
  const memory = peakMemory(days[0]!.instance, highs.length > 0);
  const { cold } = runs;
  const spreadOf = (kind: RunKind) => (runs[kind].length > 0 ? spread(runs[kind]) : null);
  const measurement: Measurement = {
    instance: named.name,
    coldRounds: spread(cold).worst,
    warmRounds: spread(runs.warm).worst,
    coldRoundsTight: spread(runs.tight).worst,
    classicColdRounds: spreadOf('classic')?.worst ?? null,
    ...against(highs, cold),
    firstRunMs,
    masterMsPerRound: mean(cold, (r) => (r.beginMs + r.masterMs) / r.rounds),
    siteCpuMsPerRound: mean(cold, (r) => r.sitesMs / r.rounds),
    bytesPerRound: mean(cold, (r) => r.bytesPerRoundAndSite),
    highsMs: highs.length > 0 ? mean(highs, (h) => h.ms) : null,
    highsSolveMs: highs.length > 0 ? mean(highs, (h) => h.solveMs) : null,
    tight: against(highs, runs.tight),
    supply: {
      ...against(highs, runs.supply),
      bytesFirstRound: Math.max(...runs.supply.map((r) => r.firstRoundBytes)),
    },
    memory,
    days: days.length,
    rounds: {
      cold: spreadOf('cold'),
      warm: spreadOf('warm'),
      tight: spreadOf('tight'),
      unchanged: spreadOf('unchanged'),
      supply: spreadOf('supply'),
      supplyTight: spreadOf('supplyTight'),
      classic: spreadOf('classic'),
    },
    misses,
  };
  misses.push(...missedMusts(named, measurement));
  return measurement;
}

/**
 * Runs that do not count, of ours and of HiGHS: else what an engine takes to compile would be charged to
 * whichever instance happens to be first.
 * @returns CPU of ours, ms
 */
async function warmUp(instance: Instance, withHighs: boolean): Promise<number> {
  const first = runTo(instance, TARGETS.cold.gap);
  if (withHighs) await solveWithHighs(instance);
  return first.beginMs + first.masterMs + first.sitesMs;
}

/** Time and result of the same runs, beside HiGHS's of the same days if it ran. */
function against(highs: HighsResult[], runs: Run[]): Compared {
  const cpuMs = mean(runs, (r) => r.beginMs + r.masterMs + r.sitesMs);
  const gap = Math.max(...runs.map((r) => r.gap));
  if (highs.length === 0) return { gap, cpuMs, ratio: null, solveRatio: null, objectiveDiff: null };
  const diffs = highs.map(
    (h, n) => (runs[n]!.objectiveAud - h.objectiveAud) / Math.abs(h.objectiveAud),
  );
  return {
    gap,
    cpuMs,
    ratio: mean(highs, (h) => h.ms) / cpuMs,
    solveRatio: mean(highs, (h) => h.solveMs) / cpuMs,
    objectiveDiff: Math.max(...diffs),
  };
}

function missedMusts({ musts = {} }: NamedInstance, m: Measurement): string[] {
  const checks: [string, number | null, 'at most' | 'at least', number | undefined][] = [
    ['master ms per round', m.masterMsPerRound, 'at most', musts.masterMsPerRound],
    ['HiGHS over CPU', m.ratio, 'at least', musts.ratio],
    ['objective difference at 0.01 %', m.tight.objectiveDiff, 'at most', OBJECTIVE_DIFF],
  ];
  return checks.flatMap(([what, value, sense, limit]) => {
    if (value === null || limit === undefined) return [];
    if (sense === 'at most' ? value <= limit : value >= limit) return [];
    return [`${what}: ${value.toPrecision(3)}, expected ${sense} ${limit}`];
  });
}

function runTo(
  instance: Instance,
  gapTarget: number,
  mode: 'learned' | 'supply' | 'classic' = 'learned',
  warm?: ReturnType<typeof leftBy>,
): Run {
  const maxRounds = mode === 'classic' ? 300 : MAX_ROUNDS;
  return run(instance, { mode, gapTarget, maxRounds }, warm);
}

function mean<T>(of: readonly T[], value: (item: T) => number): number {
  return of.reduce((sum, item) => sum + value(item), 0) / of.length;
}

/** A run that did not reach its gap counts with the rounds it had, and is among the misses. */
function spread(runs: Run[]): Spread {
  const sorted = runs.map((r) => r.rounds).sort((a, b) => a - b);
  const at = (p: number) =>
    sorted[Math.min(sorted.length - 1, Math.ceil(p * sorted.length) - 1)] as number;
  return { median: at(0.5), p99: at(0.99), worst: at(1) };
}
