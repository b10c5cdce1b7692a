import { createHash, randomBytes } from 'node:crypto';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { InvalidInputError } from '../core/model/errors.ts';
import { publicFleet } from '../core/model/fleet.ts';
import { AdminClient } from '../local/admin-client.ts';
import { readFleetFile } from '../local/fleet-file.ts';
import { startLoad } from '../local/load.ts';
import { openPage } from '../local/open-page.ts';
import { assertPortFree } from '../local/port.ts';
import { type SimulatedFleet, startSimulatedFleet } from '../local/simulated-fleet.ts';
import { solverWorkers } from '../local/site-vars.ts';
import type { LocalStack } from '../local/stack.ts';
import { utc } from './format.ts';
import { instantMs } from './options.ts';
import { assertEmbedded } from './plan-inputs.ts';
import type { StartOptions } from './start.ts';
import { firstPlan, siteOfSample } from './start-first.ts';
import { hoursToFeed, startInputs } from './start-inputs.ts';
import { startReport } from './start-report.ts';

const REPLAN_MS = 15 * 60_000;

/** Runs the whole system until it is told to end. */
export async function start(options: StartOptions): Promise<void> {
  endWhenTold();
  const fleet = await readFleetFile(options.fleet);
  assertEmbedded(fleet);
  const begunMs = Date.now();
  const nowMs = options.at === undefined ? begunMs : instantMs(options.at, '--at');
  const nowUtcMs = () => nowMs + options.speed * (Date.now() - begunMs);
  const { inputs, notes } = startInputs(fleet, options, nowMs);
  const adminToken = `admin-${randomBytes(16).toString('hex')}`;
  const clientKey = `sk-isotherm-${randomBytes(16).toString('hex')}`;
  let sites: SimulatedFleet | undefined;
  let stack: LocalStack | undefined;
  await assertPortFree(options.host, options.port);
  if (options.persist !== undefined) assertFolder(options.persist);
  try {
    say(
      `Starting ${fleet.sites.length} simulated sites, ${solverWorkers(fleet).length} solver Workers and the router …`,
    );
    sites = await startSimulatedFleet(fleet);
    // Here and not above: workerd and the bundler take half a second that other commands need not wait.
    const { startLocalStack } = await import('../local/stack.ts');
    stack = await startLocalStack({
      port: options.port,
      host: options.host,
      fleet,
      hasOwnMap: options.fleet !== undefined,
      persistDir: options.persist,
      upstreamOverrides: sites.urls,
      onLog: (level, message) => {
        if (level === 'error' || level === 'warn') process.stderr.write(`[worker] ${message}\n`);
      },
      vars: {
        ADMIN_TOKEN_SHA256: sha256(adminToken),
        CLIENT_KEYS_SHA256: sha256(clientKey),
        CLOCK_OFFSET_MS: String(nowMs - begunMs),
        CLOCK_FROM_MS: String(begunMs),
        CLOCK_RATE: String(options.speed),
        MADE_UP_REQ_PER_S: options.traffic > 0 ? String(options.traffic) : '',
      },
    });
    const admin = new AdminClient(stack.url, adminToken);
    if (inputs.fed) {
      const hours = hoursToFeed(inputs.fed);
      await admin.putInputs(`hourly series in ${options.data}`, hours);
      say(`Fed ${hours.length} site-hours of real series from ${utc(inputs.all.startUtcMs)} on.`);
    }
    await firstPlan(admin, say);
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
        sampleSite: await siteOfSample(stack.url, clientKey, fleet),
        notes,
        traffic: options.traffic,
        speed: options.speed,
      }),
    );
    if (options.traffic > 0) {
      const { key } = await admin.createKey({ name: 'made-up traffic' });
      const reqPerS = options.traffic;
      startLoad({ url: stack.url, key, fleet: publicFleet(fleet), reqPerS, seed: 1, nowUtcMs });
    }
    if (options.open) openPage(`${stack.url}/`);
    const running = stack;
    // Servers and Workers keep the process alive from here on.
    setInterval(() => {
      running.triggerCron().catch((error) => say(`re-planning failed: ${error.message}`));
    }, REPLAN_MS / options.speed);
  } catch (error) {
    await stack?.dispose();
    await sites?.close();
    throw error;
  }
}

/** A folder that can be written to; made if there is none. */
function assertFolder(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true });
    accessSync(dir, constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'EACCES' || code === 'EROFS' ? 'not writable' : 'not a folder';
    throw new InvalidInputError('--persist', [`"${dir}" is ${why}`]);
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/**
 * Ends the process at Ctrl-C, at SIGTERM and when the launcher is gone, also in the middle of
 * starting. Nothing needs more care: miniflare kills workerd as the process exits.
 */
function endWhenTold(): void {
  const end = (signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP') =>
    process.exit(128 + osConstants.signals[signal]);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end);
  process.once('disconnect', () => end('SIGTERM'));
  if (process.connected === false) end('SIGTERM');
  process.channel?.unref();
}
