import { type Command, Option } from 'commander';
import { table } from '../../src/cli/table.ts';
import type { Instance } from '../../test/core/support/instances.ts';
import { perturbed } from './edge-instance.ts';
import { type HighsResult, solveWithHighs } from './highs.ts';
import { instances, type NamedInstance } from './instances.ts';
import { curvesOf, type Run, run } from './run.ts';

interface Options {
  only?: string;
  data?: string;
  json?: true;
  highs: boolean;
  classic: boolean;
}

/** Gap and rounds a run has to reach it in. */
const TARGETS = {
  cold: { gap: 1e-3, rounds: 5 },
  warm: { gap: 1e-3, rounds: 3 },
  tight: { gap: 1e-4, rounds: 7 },
};
const MAX_ROUNDS = 60;

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
  /** Where a target was missed. */
  misses: string[];
}

interface Spread {
  median: number;
  p99: number;
  worst: number;
}

export function registerOptimizer(program: Command): void {
  program
    .command('optimizer')
    .description('Rounds, CPU and bytes of the optimizer on named instances, beside HiGHS.')
    .addOption(new Option('--only <names>', `of ${instances.map((i) => i.name).join(', ')}`))
    .addOption(new Option('--data <dir>', 'folder of hourly series, for au-2022'))
    .addOption(new Option('--no-highs', 'without the reference solver'))
    .addOption(new Option('--no-classic', 'without classic rounds'))
    .addOption(new Option('--json', 'JSON on standard output'))
    .action(async (options: Options) => {
      const names = options.only?.split(',');
      const unknown = names?.find((name) => !instances.some((i) => i.name === name));
      if (unknown !== undefined) {
        program.error(`--only: no instance "${unknown}"`, { exitCode: 2 });
      }
      const chosen = instances.filter((i) => names?.includes(i.name) ?? true);
      const measurements: Measurement[] = [];
      for (const instance of chosen) {
        if (instance.needsData && !options.data) continue;
        measurements.push(await measure(instance, options));
      }
      process.stdout.write(
        options.json ? `${JSON.stringify(measurements, null, 2)}\n` : `${text(measurements)}\n`,
      );
      if (measurements.some((m) => m.misses.length > 0)) process.exitCode = 1;
    });
}

async function measure(named: NamedInstance, options: Options): Promise<Measurement> {
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
  const note = (label: string, kind: keyof typeof TARGETS, r: Run) => {
    const { gap, rounds } = TARGETS[kind];
    if (r.reachedGap && r.rounds <= rounds) return;
    misses.push(
      `${label} ${kind}: ${r.rounds} rounds to ${r.gap.toExponential(1)}, expected ${rounds} to ${gap}`,
    );
  };
  for (const [n, { label, instance }] of days.entries()) {
    if (process.stderr.isTTY)
      process.stderr.write(`\r\x1b[2K${named.name} ${label} (${n + 1} of ${days.length})`);
    const first = runTo(instance, TARGETS.cold.gap);
    cold.push(first);
    note(label, 'cold', first);
    const again = run(
      instance,
      { gapTarget: TARGETS.cold.gap, maxRounds: MAX_ROUNDS },
      curvesOf(first.state),
    );
    unchanged.push(again);
    const later = run(
      perturbed(instance, 1000 + n),
      { gapTarget: TARGETS.warm.gap, maxRounds: MAX_ROUNDS },
      curvesOf(first.state),
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
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
  const mean = (of: (r: Run) => number) => cold.reduce((s, r) => s + of(r), 0) / cold.length;
  const cpuMs = mean((r) => r.beginMs + r.masterMs + r.sitesMs);
  const supplyCpuMs =
    supply.reduce((sum, r) => sum + r.beginMs + r.masterMs + r.sitesMs, 0) / supply.length;
  const highsMs = highs.length > 0 ? highs.reduce((s, h) => s + h.ms, 0) / highs.length : undefined;
  return {
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
    misses,
  };
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

function text(measurements: Measurement[]): string {
  const rounds = (s: Spread | undefined) =>
    s === undefined ? '–' : `${s.median}/${s.p99}/${s.worst}`;
  const number = (v: number | undefined, digits: number) =>
    v === undefined ? '–' : v.toFixed(digits);
  const rows = measurements.map((m) => [
    m.instance,
    `${m.days}`,
    rounds(m.coldRounds),
    rounds(m.warmRounds),
    rounds(m.unchangedRounds),
    rounds(m.coldRoundsTight),
    rounds(m.classicColdRounds),
    rounds(m.supplyRounds),
    rounds(m.supplyRoundsTight),
    number(m.cpuMs, 0),
    number(m.masterMsPerRound, 1),
    number(m.siteCpuMsPerRound, 1),
    number(m.bytesPerRound, 0),
    number(m.highsMs, 0),
    number(m.ratio, 1),
    number(m.supplyCpuMs, 0),
    number(m.supplyRatio, 1),
    m.objectiveDiff === undefined ? '–' : m.objectiveDiff.toExponential(1),
  ]);
  const right = 'right' as const;
  const columns = [
    { header: ['instance', ''], align: 'left' as const },
    { header: ['days', ''], align: right },
    { header: ['cold', '0.1 %'], align: right },
    { header: ['warm', '0.1 %'], align: right },
    { header: ['same', '0.1 %'], align: right },
    { header: ['cold', '0.01 %'], align: right },
    { header: ['classic', '0.1 %'], align: right },
    { header: ['supply', '0.1 %'], align: right },
    { header: ['supply', '0.01 %'], align: right },
    { header: ['CPU', 'ms'], align: right },
    { header: ['master', 'ms/round'], align: right },
    { header: ['sites', 'ms/round'], align: right },
    { header: ['bytes', '/round, site'], align: right },
    { header: ['HiGHS', 'ms'], align: right },
    { header: ['HiGHS/CPU', ''], align: right },
    { header: ['supply', 'CPU ms'], align: right },
    { header: ['HiGHS/', 'supply'], align: right },
    { header: ['objective', 'difference'], align: right },
  ];
  const misses = measurements.flatMap((m) =>
    m.misses.map((miss) => `missed: ${m.instance} ${miss}`),
  );
  return [
    table(columns, rows),
    'Rounds: median/99th percentile/worst over the days; each is a round trip to every site.',
    ...misses,
  ].join('\n');
}
