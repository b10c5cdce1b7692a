import { type Command, Option } from 'commander';
import { wholeNumber } from '../../src/cli/options.ts';
import { table } from '../../src/cli/table.ts';
import { readFleetFile } from '../../src/local/fleet-file.ts';
import { continentFleet } from '../../test/core/support/continent.ts';
import type { Memory } from './inspector.ts';
import { measureWorkerd, type WorkerdMeasurement } from './measure.ts';

const SIZES = [14, 100, 1000];
const SITES_PER_SOLVER = 125;
const LEAST_SOLVERS = 4;

const METHOD = `
14 sites are the embedded registry with a solver each; other sizes are synthetic registries of as
many zones, 12 candidate sites a zone, and 4 solvers or one for 125 sites. Real workerd on this machine
(Linux only), in two processes: router and coordinator with D1 in one, all solvers in the other. CPU is
that of a process, user and system, from /proc, so the coordinator's contains the router's, D1's and
the storage's. A cold run, then a warm one after another forecast of the weather, then a third in which
memory is watched: heap and buffers are those of the isolate of router and coordinator, by V8's
inspector, garbage included, whenever the isolate is free to answer, thus not within a master; resident
is that of its whole process. V8 ends the process if a heap in it passes --heap-mb. Stored values are
the coordinator's during that run.`;

export function registerWorkerd(program: Command): void {
  program
    .command('workerd')
    .description('Fleets in real Workers: rounds, bytes, CPU, memory and stored sizes by size.')
    .addOption(
      new Option('--sites <n>', 'one size only (default: 14, 100 and 1000)').argParser(
        wholeNumber(1, 4000),
      ),
    )
    .addOption(
      new Option('--heap-mb <n>', "V8's limit for the coordinator's heap, buffers not counted")
        .argParser(wholeNumber(16, 4000))
        .default(100),
    )
    .addOption(new Option('--json', 'JSON on standard output'))
    .addHelpText('after', METHOD)
    .action(async (options: { sites?: number; heapMb: number; json?: true }) => {
      const measurements: WorkerdMeasurement[] = [];
      for (const sites of options.sites ? [options.sites] : SIZES) {
        if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${sites} sites`);
        measurements.push(await measureWorkerd(await fleetOf(sites), options.heapMb));
      }
      if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
      process.stdout.write(
        options.json ? `${JSON.stringify(measurements, null, 2)}\n` : `${text(measurements)}\n`,
      );
    });
}

async function fleetOf(sites: number) {
  if (sites === 14) return readFleetFile();
  const solvers = Math.max(LEAST_SOLVERS, Math.ceil(sites / SITES_PER_SOLVER));
  return continentFleet(1, { sites, zones: sites, solvers, sitesPerZone: 12 });
}

function text(measurements: WorkerdMeasurement[]): string {
  const right = 'right' as const;
  const runs = table(
    [
      ['sites', ''],
      ['solvers', ''],
      ['run', ''],
      ['rounds', ''],
      ['gap', ''],
      ['bytes to a', 'site, a round'],
      ['bytes back', ''],
      ['start', 'CPU ms'],
      ['alarms', 'CPU ms'],
      ['solvers', 'CPU ms'],
      ['rounds', 'wall ms'],
      ['all', 'wall ms'],
    ].map((header) => ({ header, align: right })),
    measurements.flatMap((m) =>
      (['cold', 'warm'] as const).map((kind) => {
        const r = m[kind];
        return [
          `${m.sites}`,
          `${m.solvers}`,
          kind,
          `${r.rounds}`,
          r.gap.toExponential(1),
          r.sentBytesPerSite.toFixed(0),
          r.receivedBytesPerSite.toFixed(0),
          r.startCpuMs.toFixed(0),
          r.alarmsCpuMs.toFixed(0),
          r.solversCpuMs.toFixed(0),
          r.roundWallMs.map((ms) => ms.toFixed(0)).join(', '),
          r.wallMs.toFixed(0),
        ];
      }),
    ),
  );
  const memory = ({ heapMb, buffersMb }: Memory) => `${heapMb.toFixed(0)}, ${buffersMb.toFixed(0)}`;
  const kb = (bytes: number) => (bytes / 1000).toFixed(0);
  const sizes = table(
    [
      ['sites', ''],
      ['Workers', 'an alarm'],
      ['heap, buffers', 'at rest, MB'],
      ['heap, buffers', 'most, MB'],
      ['resident', 'at rest, MB'],
      ['resident', 'most, MB'],
      ['stored', 'keys'],
      ['stored', 'kB'],
      ['largest', 'kB'],
      ['plan', 'kB'],
      ['largest', 'row kB'],
    ].map((header) => ({ header, align: right })),
    measurements.map((m) => [
      `${m.sites}`,
      `${m.invocationsPerAlarm}`,
      memory(m.atRest),
      memory(m.peak),
      m.residentMbAtRest.toFixed(0),
      m.residentMbPeak.toFixed(0),
      `${m.checkpoint.keys}`,
      kb(m.checkpoint.bytes),
      `${kb(m.checkpoint.largest.bytes)} (${m.checkpoint.largest.key})`,
      kb(m.plan.bytes),
      `${kb(m.plan.largest.bytes)} (${m.plan.largest.key})`,
    ]),
  );
  return `${runs}\n\n${sizes}\n${METHOD}`;
}
