import { fork } from 'node:child_process';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { table } from '../../src/cli/table.ts';
import { projectPath } from '../../src/local/bundle.ts';
import { cpuMsOf } from '../workerd/process.ts';
import type { Load, Measured } from './load.ts';
import { type Soaked, soakBoth } from './soak.ts';
import { startTargets, type Target } from './targets.ts';

interface Row {
  case: string;
  rps: number;
  p50Ms: number;
  p99Ms: number;
  /** Of the process that serves it; null where the system does not say. */
  cpuMsPerRequest: number | null;
  /** Requests per second against a Worker that only passes on, and against Portkey's gateway. */
  ratioToBare: number | null;
  ratioToPortkey: number | null;
}

/** What one target did in one round, and what that took of its process. */
type Round = Measured & { cpuMs: number };

interface Options {
  seconds: number;
  rounds: number;
  minutes: number;
  json?: true;
  soak?: true;
}

const CASES = [
  { name: 'plain', stream: false, connections: 1 },
  { name: 'plain', stream: false, connections: 32 },
  { name: 'stream', stream: true, connections: 1 },
  { name: 'stream', stream: true, connections: 32 },
];

export function registerRouter(program: Command): void {
  program
    .command('router')
    .description(
      'The routing Worker in workerd, with keys, plan, sessions and health, beside a bare pass-through Worker in the same workerd, Portkey’s gateway on Node, and the server itself.',
    )
    .addOption(new Option('--seconds <n>', 'of each round').default(2).argParser(positive))
    .addOption(
      new Option('--rounds <n>', 'in which all have their turn').default(5).argParser(positive),
    )
    .addOption(new Option('--json', 'JSON on standard output'))
    .addOption(
      new Option(
        '--soak',
        'a thousand streams at once instead, and workerd’s memory, beside the bare Worker',
      ),
    )
    .addOption(new Option('--minutes <n>', 'of --soak').default(10).argParser(positive))
    .action((options: Options) => (options.soak ? soaked(options) : measure(options)));
}

function positive(text: string): number {
  const n = Number(text);
  if (n > 0 && n <= 600) return n;
  throw new InvalidArgumentError('must be a number of seconds up to 600');
}

async function soaked({ minutes, json }: Options): Promise<void> {
  const result = await soakBoth(minutes);
  const { router, bare, isFlat } = result;
  const words = ({ target, streams, completed, failures, slopeMbPerMinute }: Soaked) =>
    `${target}: ${streams} streams at once, ${completed} in ${minutes} min, ${failures} failed: ${slopeMbPerMinute.toFixed(2)} MB a minute`;
  const text = [words(router), words(bare), isFlat ? 'flat' : 'not flat'].join('\n');
  process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : `${text}\n`);
  if (!isFlat || router.failures > 0) process.exitCode = 1;
}

async function measure(options: Options): Promise<void> {
  const targets = await startTargets();
  const generator = fork(projectPath('bench/router/load.ts'));
  const load = (asked: Load) =>
    new Promise<Measured>((resolve) => {
      generator.once('message', resolve);
      generator.send(asked);
    });
  const rows: Row[] = [];
  try {
    for (const { name, stream, connections } of CASES) {
      const body = JSON.stringify(request(stream));
      const ask = async ({ url, headers, pid }: Target, seconds: number): Promise<Round> => {
        const beforeMs = pid && cpuMsOf(pid);
        const measured = await load({ url, headers, body, connections, seconds });
        const afterMs = pid && cpuMsOf(pid);
        return { ...measured, cpuMs: (afterMs ?? Number.NaN) - (beforeMs ?? Number.NaN) };
      };
      // Compilation and connections first; then in turns, since the machine's speed wanders.
      const rounds = new Map<string, Round[]>(targets.all.map((t) => [t.name, []]));
      for (const target of targets.all) await ask(target, Math.min(1, options.seconds));
      for (let n = 0; n < options.rounds; n++) {
        for (const target of targets.all) {
          rounds.get(target.name)?.push(await ask(target, options.seconds));
        }
      }
      const label = `${name} ${connections}`;
      for (const [target, measured] of rounds) {
        const failed = measured.find((m) => m.failures > 0);
        if (!failed) continue;
        const what = `${target} ${label}: ${failed.failures} answers failed: ${failed.failure}`;
        if (target !== 'portkey') throw new Error(what);
        targets.skipped.push(what);
        rounds.delete(target);
      }
      rows.push(...rowsOf(label, rounds));
    }
  } finally {
    generator.kill();
    await targets.close();
  }
  for (const reason of targets.skipped) process.stderr.write(`${reason}\n`);
  process.stdout.write(options.json ? `${JSON.stringify(rows, null, 2)}\n` : `${text(rows)}\n`);
}

/** About a kilobyte, a conversation's second turn. */
function request(stream: boolean) {
  return {
    model: 'isotherm-chat',
    messages: [
      { role: 'system', content: 'You are a patient assistant. '.repeat(20) },
      { role: 'user', content: 'Where is it cool today?' },
      { role: 'assistant', content: 'In Hobart.' },
      { role: 'user', content: 'And tomorrow?' },
    ],
    max_tokens: 100,
    stream,
  };
}

function rowsOf(label: string, rounds: Map<string, Round[]>): Row[] {
  const medianOf = (name: string, key: 'rps' | 'p50Ms' | 'p99Ms') =>
    median((rounds.get(name) ?? []).map((m) => m[key]));
  const ratio = (name: string, to: string) => {
    const others = rounds.get(to);
    if (!others) return null;
    return median((rounds.get(name) ?? []).map((m, n) => m.rps / (others[n]?.rps ?? Number.NaN)));
  };
  return [...rounds.keys()].map((name) => {
    return {
      case: `${name} ${label}`,
      rps: medianOf(name, 'rps'),
      p50Ms: medianOf(name, 'p50Ms'),
      p99Ms: medianOf(name, 'p99Ms'),
      cpuMsPerRequest: cpuPerRequest(rounds.get(name) ?? []),
      ratioToBare: ratio(name, 'bare'),
      ratioToPortkey: ratio(name, 'portkey'),
    };
  });
}

function cpuPerRequest(rounds: Round[]): number | null {
  const ms = median(rounds.map((r) => r.cpuMs / r.answers));
  return Number.isNaN(ms) ? null : ms;
}

function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}

function text(rows: Row[]): string {
  const times = (x: number | null) => (x === null ? '–' : `${x.toFixed(2)}×`);
  return table(
    [
      { header: ['case'], align: 'left' },
      { header: ['requests/s'] },
      { header: ['p50', 'ms'] },
      { header: ['p99', 'ms'] },
      { header: ['CPU', 'ms'] },
      { header: ['to bare'] },
      { header: ['to Portkey'] },
    ],
    rows.map((r) => [
      r.case,
      r.rps.toFixed(0),
      r.p50Ms.toFixed(2),
      r.p99Ms.toFixed(2),
      r.cpuMsPerRequest?.toFixed(3) ?? '–',
      times(r.ratioToBare),
      times(r.ratioToPortkey),
    ]),
  );
}
