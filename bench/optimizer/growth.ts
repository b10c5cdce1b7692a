import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { table } from '../../src/cli/table.ts';
import { edgeInstance } from './edge-instance.ts';
import { growthSvg } from './growth-svg.ts';
import { endProgress, progress } from './progress.ts';
import { type Run, run } from './run.ts';

export interface GrowthPoint {
  sites: number;
  learnedRounds: number;
  supplyRounds: number;
  /** All rounds of a cold run to 0.1 %, ms. */
  coordinatorMs: number;
  sitesMs: number;
  supplyCoordinatorMs: number;
  /** All rounds, both directions, of one site. */
  bytesPerSite: number;
  supplyBytesPerSite: number;
}

const SITES = [10, 20, 50, 100, 200, 500, 1000];

export function registerGrowth(program: Command): void {
  program
    .command('growth')
    .description(
      'How rounds, CPU and bytes grow with the number of sites: as many zones, 2 classes, 24 slots, 12 candidate sites a zone, cold to 0.1 %.',
    )
    .addOption(new Option('--svg <file>', 'also draw it'))
    .addOption(new Option('--json', 'JSON on standard output'))
    .action((options: { svg?: string; json?: true }) => {
      const points = SITES.map(measure);
      endProgress();
      if (options.svg) writeFileSync(options.svg, growthSvg(points));
      process.stdout.write(
        options.json ? `${JSON.stringify(points, null, 2)}\n` : `${text(points)}\n`,
      );
    });
}

function measure(sites: number): GrowthPoint {
  progress(`${sites} sites`);
  const candidates = Math.min(12, sites);
  const shape = { zones: sites, sites, classes: 2, slots: 24, candidates };
  const instance = edgeInstance(1, shape);
  // Small instances are over before V8 has compiled anything: the second of two runs counts.
  const timed = (mode: 'learned' | 'supply'): Run => {
    if (sites <= 100) run(instance, { mode });
    return run(instance, { mode });
  };
  const learned = timed('learned');
  const supply = timed('supply');
  return {
    sites,
    learnedRounds: learned.rounds,
    supplyRounds: supply.rounds,
    coordinatorMs: learned.beginMs + learned.masterMs,
    sitesMs: learned.sitesMs,
    supplyCoordinatorMs: supply.beginMs + supply.masterMs,
    bytesPerSite: learned.rounds * learned.bytesPerRoundAndSite,
    supplyBytesPerSite: supply.rounds * supply.bytesPerRoundAndSite,
  };
}

function text(points: GrowthPoint[]): string {
  const right = 'right' as const;
  return table(
    [
      ['sites', ''],
      ['learned', 'rounds'],
      ['supply', 'rounds'],
      ['coordinator', 'learned, ms'],
      ['coordinator', 'supply, ms'],
      ['all sites', 'learned, ms'],
      ['bytes a site', 'learned'],
      ['bytes a site', 'supply'],
    ].map((header) => ({ header, align: right })),
    points.map((p) => [
      `${p.sites}`,
      `${p.learnedRounds}`,
      `${p.supplyRounds}`,
      p.coordinatorMs.toFixed(0),
      p.supplyCoordinatorMs.toFixed(0),
      p.sitesMs.toFixed(0),
      p.bytesPerSite.toFixed(0),
      p.supplyBytesPerSite.toFixed(0),
    ]),
  );
}
