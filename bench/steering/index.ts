import type { Command } from 'commander';
import { table } from '../../src/cli/table.ts';
import { projectPath } from '../../src/local/bundle.ts';
import { readFleetFile } from '../../src/local/fleet-file.ts';
import { type Served, type SlowSiteSpec, withSlowSite } from '../../src/sim/events/slow-site.ts';

/** Requests of Sydney. */
const SHARES = [
  ['sydney', 0.4],
  ['melbourne', 0.3],
  ['canberra', 0.2],
  ['brisbane', 0.1],
] as const;
const FROM_S = 400;
const DURATION_S = 1000;
const CASES = [
  { site: 'sydney', factor: 3, forS: 120 },
  { site: 'melbourne', factor: 3, forS: 60 },
  { site: 'brisbane', factor: 4, forS: 120 },
];
const SEEDS = [1, 2, 3];
const WINDOW_S = 300;
/** None, the default and two wider ones. */
const DRIFTS = [0, 0.02, 0.05, 0.1];

interface Row {
  case: string;
  passesOver: boolean;
  maxDriftShare: number;
  /** Of requests that came while the site was slow, ms, means over the seeds. */
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  /** The farthest that any site's share was off the plan in any five minutes. */
  worstDrift: number;
}

export function registerSteering(program: Command): void {
  program
    .command('steering')
    .description(
      'What steering new sessions away from a slow site brings in TTFT, and what it does to the plan’s shares: conversations against simulated sites by the router’s own code, with and without it.',
    )
    .option('--json', 'JSON on standard output')
    .action(async ({ json }: { json?: true }) => {
      const rows = await measure();
      process.stdout.write(json ? `${JSON.stringify(rows, null, 2)}\n` : `${text(rows)}\n`);
    });
}

async function measure(): Promise<Row[]> {
  const fleet = await readFleetFile(projectPath('config/fleet.json'));
  const rows: Row[] = [];
  for (const { site, factor, forS } of CASES) {
    for (const passesOver of [false, true]) {
      for (const maxDriftShare of DRIFTS) {
        const runs = SEEDS.map((seed) => {
          const spec: SlowSiteSpec = {
            fleet,
            zone: 'sydney',
            class: 'chat',
            shares: SHARES,
            sessionsPerS: 8,
            turns: 2.5,
            pauseS: 20,
            slow: { site, fromS: FROM_S, toS: FROM_S + forS, factor },
            durationS: DURATION_S,
            seed,
            passesOver,
            ...(maxDriftShare > 0 && { steering: { maxDriftShare, windowS: WINDOW_S } }),
          };
          return figures(withSlowSite(spec), FROM_S, FROM_S + forS);
        });
        const mean = (key: keyof (typeof runs)[number]) =>
          runs.reduce((sum, run) => sum + run[key], 0) / runs.length;
        rows.push({
          case: `${site}, ${factor} times as long, ${forS} s`,
          passesOver,
          maxDriftShare,
          p50Ms: mean('p50Ms'),
          p95Ms: mean('p95Ms'),
          p99Ms: mean('p99Ms'),
          worstDrift: mean('worstDrift'),
        });
      }
    }
  }
  return rows;
}

function figures(served: Served[], fromS: number, toS: number) {
  const during = served
    .filter((s) => s.atS >= fromS && s.atS < toS)
    .map((s) => s.ttftMs)
    .sort((a, b) => a - b);
  const quantile = (q: number) => during[Math.floor(q * (during.length - 1))] as number;
  let worstDrift = 0;
  const endS = served.at(-1)?.atS ?? 0;
  for (let at = 0; at + WINDOW_S <= Math.min(endS, DURATION_S); at += 15) {
    const window = served.filter((s) => s.atS >= at && s.atS < at + WINDOW_S);
    for (const [site, share] of SHARES) {
      const actual = window.filter((s) => s.site === site).length / window.length;
      worstDrift = Math.max(worstDrift, Math.abs(actual - share));
    }
  }
  return { p50Ms: quantile(0.5), p95Ms: quantile(0.95), p99Ms: quantile(0.99), worstDrift };
}

function text(rows: Row[]): string {
  const percent = (x: number) => (100 * x).toFixed(1);
  return table(
    [
      { header: ['slow site'], align: 'left' },
      { header: ['slow and full sites', ''], align: 'left' },
      { header: ['steered', '%'] },
      { header: ['p50', 'ms'] },
      { header: ['p95', 'ms'] },
      { header: ['p99', 'ms'] },
      { header: ['worst drift', '%'] },
    ],
    rows.map((r) => [
      r.case,
      r.passesOver ? 'passed over' : 'asked all the same',
      r.maxDriftShare > 0 ? percent(r.maxDriftShare) : '–',
      r.p50Ms.toFixed(0),
      r.p95Ms.toFixed(0),
      r.p99Ms.toFixed(0),
      percent(r.worstDrift),
    ]),
  );
}
