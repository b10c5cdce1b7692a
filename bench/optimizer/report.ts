import { table } from '../../src/cli/table.ts';
import type { Measurement, Spread } from './measure.ts';

export function text(measurements: Measurement[]): string {
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
    number(m.memoryMb, 0),
    number(m.memoryRatio, 1),
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
    { header: ['memory', 'MB'], align: right },
    { header: ['HiGHS/', 'memory'], align: right },
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
