import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { InvalidInputError } from '../core/model/errors.ts';
import { type Fleet, publicFleet } from '../core/model/fleet.ts';
import { floorToHour } from '../core/model/time.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import type { PlanningInputs } from '../core/planning/inputs.ts';
import { embeddedInputs } from '../feeds/embedded/index.ts';
import { AdminClient, type RunView } from '../local/admin-client.ts';
import { readFleetFile } from '../local/fleet-file.ts';
import { type SimulatedFleet, startSimulatedFleet } from '../local/simulated-fleet.ts';
import type { LocalStack } from '../local/stack.ts';
import { readDataset } from '../sim/dataset.ts';
import { decimal, gapPercent, utc } from './format.ts';
import { assertFolderInputs, instantMs, wholeNumber } from './options.ts';
import { startReport } from './start-report.ts';

const HORIZON_HOURS = 24;
const REPLAN_MS = 15 * 60_000;
const FIRST_PLAN_MS = 60_000;

interface StartOptions {
  port: number;
  host: string;
  data?: string;
  at?: string;
  persist?: string;
}

export function registerStart(program: Command): void {
  program
    .command('start')
    .summary('the whole system on this machine, with simulated sites')
    .description(
      'Run everything locally: the routing Worker, the coordinator and one solver Worker per site in ' +
        'workerd, D1, and a simulated OpenAI-compatible server for each site. Plans, prints the ' +
        'shares and how to send a request, and runs until Ctrl-C.',
    )
    .addOption(
      new Option('--port <n>', 'port of the router')
        .argParser(wholeNumber(0, 65_535))
        .default(8787),
    )
    .addOption(new Option('--host <address>', 'address the router listens on').default('127.0.0.1'))
    .addOption(new Option('--data <dir>', 'folder of real hourly series; needs --at'))
    .addOption(new Option('--at <time>', 'UTC; the system’s clock starts here (default: now)'))
    .addOption(
      new Option('--persist <dir>', 'keep D1 and the coordinator here (default: in memory)'),
    )
    .addHelpText(
      'after',
      `
Examples:
  isotherm start
  isotherm start --port 9000 --at 2026-07-01T00:00Z
  isotherm start --data ../shared/data --at 2022-01-24`,
    )
    .action(start);
}

async function start(options: StartOptions): Promise<void> {
  const fleet = await readFleetFile();
  const nowMs = options.at === undefined ? Date.now() : instantMs(options.at, '--at');
  const { inputs, notes } = inputsFrom(fleet, options, nowMs);
  const adminToken = `admin-${randomBytes(16).toString('hex')}`;
  const clientKey = `sk-isotherm-${randomBytes(16).toString('hex')}`;
  let sites: SimulatedFleet | undefined;
  let stack: LocalStack | undefined;
  const stopped = untilStopped();
  try {
    say(
      `Starting ${fleet.sites.length} simulated sites, ${fleet.sites.length} solver Workers and the router …`,
    );
    sites = await startSimulatedFleet(fleet);
    // Here and not above: workerd and the bundler take half a second that other commands need not wait.
    const { startLocalStack } = await import('../local/stack.ts');
    stack = await startLocalStack({
      port: options.port,
      host: options.host,
      fleet,
      persistDir: options.persist,
      upstreamOverrides: sites.urls,
      onLog: (level, message) => {
        if (level === 'error' || level === 'warn') process.stderr.write(`[worker] ${message}\n`);
      },
      vars: {
        ADMIN_TOKEN_SHA256: sha256(adminToken),
        CLIENT_KEYS_SHA256: sha256(clientKey),
        CLOCK_OFFSET_MS: String(Math.round(nowMs - Date.now())),
      },
    });
    const admin = new AdminClient(stack.url, adminToken);
    if (options.data !== undefined) await feed(admin, options.data, inputs);
    await firstPlan(admin);
    const plan = await admin.plan();
    say(
      startReport({
        fleet,
        inputs: inputs.all,
        plan,
        url: stack.url,
        adminToken,
        clientKey,
        sites,
        notes,
      }),
    );
    const running = stack;
    const replan = setInterval(() => {
      running.triggerCron().catch((error) => say(`re-planning failed: ${error.message}`));
    }, REPLAN_MS);
    await stopped;
    clearInterval(replan);
  } finally {
    await stack?.dispose();
    await sites?.close();
  }
}

interface StartInputs {
  /** Of every site, as the plan will see them. */
  all: PlanningInputs;
  /** What the folder has, to be fed to D1. */
  fed?: { fleet: Fleet; inputs: PlanningInputs };
}

function inputsFrom(
  fleet: Fleet,
  options: StartOptions,
  nowMs: number,
): { inputs: StartInputs; notes: string[] } {
  const startUtcMs = floorToHour(nowMs);
  const all = embeddedInputs(publicFleet(fleet), startUtcMs, HORIZON_HOURS);
  if (options.data === undefined) return { inputs: { all }, notes: [] };
  if (options.at === undefined) {
    throw new InvalidInputError('--data', [
      'needs --at, the hour to start from, such as 2022-01-24',
    ]);
  }
  const fed = readDataset(options.data, fleet, { startUtcMs, hours: HORIZON_HOURS });
  assertFolderInputs(fed.fleet, fed.inputs, options.data);
  fed.fleet.sites.forEach((site, n) => {
    const j = fleet.sites.findIndex((s) => s.id === site.id);
    all.sites[j] = fed.inputs.sites[n] as PlanningInputs['sites'][number];
  });
  const others = fleet.sites.filter((s) => !fed.fleet.sites.some((f) => f.id === s.id));
  const notes = fed.notes.filter((n) => !n.startsWith('left out'));
  if (others.length > 0) {
    notes.push(`no weather series: mean climate is used for ${others.map((s) => s.id).join(', ')}`);
  }
  return { inputs: { all, fed }, notes };
}

/** Puts a folder's hours into D1, the way an operator's own feed would. */
async function feed(admin: AdminClient, dir: string, { fed }: StartInputs): Promise<void> {
  if (fed === undefined) return;
  const { fleet, inputs } = fed;
  const hours = fleet.sites.flatMap((site, j) => {
    const s = inputs.sites[j] as PlanningInputs['sites'][number];
    return Array.from({ length: inputs.slotCount }, (_, t) => ({
      site: site.id,
      utc: new Date(inputs.startUtcMs + t * MS_PER_HOUR).toISOString(),
      tempC: s.tempC[t],
      rhPct: Math.min(100, s.rhPct[t] as number),
      spotAudPerMwh: Number.isFinite(s.spotAudPerMwh[t]) ? s.spotAudPerMwh[t] : null,
      carbonKgPerKwh: s.sources.carbon.placeholder ? null : s.carbonKgPerKwh[t],
    }));
  });
  await admin.putInputs(`hourly series in ${dir}`, hours);
  say(`Fed ${hours.length} site-hours of real series from ${utc(inputs.startUtcMs)} on.`);
}

/** Runs the first optimization and shows its rounds as they come. */
async function firstPlan(admin: AdminClient): Promise<void> {
  say('Optimizing: the coordinator asks every site’s solver, round by round …');
  await admin.optimize();
  const deadlineMs = Date.now() + FIRST_PLAN_MS;
  let shown = 0;
  while (Date.now() < deadlineMs) {
    const run = await admin.latestRun();
    for (const round of run.rounds.slice(shown)) say(`  ${roundText(round)}`);
    shown = run.rounds.length;
    if (run.status === 'failed') throw new Error(`the first optimization failed: ${run.error}`);
    if (run.status === 'published') return;
    await sleep(50);
  }
  throw new Error(`no plan within ${FIRST_PLAN_MS / 1000} s`);
}

function roundText({
  round,
  mode,
  certificate,
  missing,
  wallMs,
}: RunView['rounds'][number]): string {
  const time = `${decimal(wallMs, 0)} ms`;
  if (!certificate) {
    return `round ${round} (${mode}, ${time}): no answer of ${missing.map((m) => `${m.site} (${m.reason})`).join(', ')}`;
  }
  const { gap, objectiveAud, lowerBoundAud } = certificate;
  return (
    `round ${round} (${mode}, ${time}): objective ${decimal(objectiveAud, 2)} AUD, ` +
    `bound ${decimal(lowerBoundAud, 2)} AUD, gap ${gapPercent(gap)}`
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/**
 * Resolves at Ctrl-C or SIGTERM. Miniflare has a hook of its own that stops workerd at once and ends
 * the process with 130; whichever comes first, nothing is left running.
 */
function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, resolve);
  });
}
