import { table } from '../../src/cli/table.ts';
import type { Compared, Measurement, Spread } from './measurement.ts';

/** Runs whose time and result stand side by side. */
const kinds: [name: string, of: (m: Measurement) => Compared][] = [
  ['0.1 %', (m) => m],
  ['0.01 %', (m) => m.tight],
  ['supply', (m) => m.supply],
];

const meanings = [
  'Rounds: median/99th percentile/worst over the days; each is a round trip to every site.',
  'HiGHS/CPU: its whole npm call, reading the LP text and writing the solution included, over ours.',
  'solve/CPU: its presolve, solver and postsolve alone over ours. Times are the mean over the days.',
  'objective: true cost of our plan over that of its plan, worst day; of the runs whose CPU it stands by.',
];

export function text(measurements: Measurement[]): string {
  const rounds = (s: Spread | null) => (s === null ? '–' : `${s.median}/${s.p99}/${s.worst}`);
  const number = (v: number | null | undefined, digits: number) => v?.toFixed(digits) ?? '–';
  const diff = (v: number | null) => v?.toExponential(1) ?? '–';
  const columns: [header: [string, string], cell: (m: Measurement) => string][] = [
    [['instance', ''], (m) => m.instance],
    [['days', ''], (m) => `${m.days}`],
    [['cold', '0.1 %'], (m) => rounds(m.rounds.cold)],
    [['warm', '0.1 %'], (m) => rounds(m.rounds.warm)],
    [['same', '0.1 %'], (m) => rounds(m.rounds.unchanged)],
    [['cold', '0.01 %'], (m) => rounds(m.rounds.tight)],
    [['classic', '0.1 %'], (m) => rounds(m.rounds.classic)],
    [['supply', '0.1 %'], (m) => rounds(m.rounds.supply)],
    [['supply', '0.01 %'], (m) => rounds(m.rounds.supplyTight)],
    [['master', 'ms/round'], (m) => number(m.masterMsPerRound, 1)],
    [['sites', 'ms/round'], (m) => number(m.siteCpuMsPerRound, 1)],
    [['bytes', '/round, site'], (m) => number(m.bytesPerRound, 0)],
    [['HiGHS', 'ms'], (m) => number(m.highsMs, 0)],
    [['its solve', 'ms'], (m) => number(m.highsSolveMs, 0)],
  ];
  for (const [name, of] of kinds) {
    columns.push(
      [[name, 'CPU ms'], (m) => number(of(m).cpuMs, 0)],
      [[name, 'HiGHS/CPU'], (m) => number(of(m).ratio, 1)],
      [[name, 'solve/CPU'], (m) => number(of(m).solveRatio, 1)],
      [[name, 'objective'], (m) => diff(of(m).objectiveDiff)],
    );
  }
  columns.push(
    [['memory', 'MB'], (m) => number(m.memory.memoryMb, 0)],
    [['HiGHS/', 'memory'], (m) => number(m.memory.memoryRatio, 1)],
  );
  const misses = measurements.flatMap((m) =>
    m.misses.map((miss) => `missed: ${m.instance} ${miss}`),
  );
  return [
    table(
      columns.map(([header], n) => ({ header, align: n === 0 ? 'left' : 'right' })),
      measurements.map((m) => columns.map(([, cell]) => cell(m))),
    ),
    ...meanings,
    ...misses,
  ].join('\n');
}
