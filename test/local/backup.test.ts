import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import type { Fleet } from '../../src/core/model/fleet.ts';
import { AdminClient } from '../../src/local/admin-client.ts';
import { projectPath } from '../../src/local/bundle.ts';
import { readFleetFile } from '../../src/local/fleet-file.ts';
import { type SimulatedFleet, startSimulatedFleet } from '../../src/local/simulated-fleet.ts';
import { type LocalStack, startLocalStack } from '../../src/local/stack.ts';
import { shellBlocks } from '../docs/support/shell-blocks.ts';
import { sha256 } from '../e2e/support/gateway.ts';

/** The commands of docs/deploy.md that copy D1 to files and back, run by wrangler itself. */

const commands = shellBlocks('deploy.md', readFileSync(projectPath('docs/deploy.md'), 'utf8'))
  .flatMap((block) => block.commands.map(({ words }) => words))
  .filter((words) => words[1] === 'wrangler' && words[2] === 'd1');
const exports = commands.filter((words) => words[3] === 'export');
const restores = commands.filter((words) => words[3] === 'execute');

const wrangler = join(projectPath('node_modules'), 'wrangler/bin/wrangler.js');
const run = promisify(execFile);

const dir = mkdtempSync(join(tmpdir(), 'isotherm-backup-'));
let sites: SimulatedFleet | undefined;
let stack: LocalStack | undefined;

afterAll(async () => {
  await stack?.dispose();
  await sites?.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A place with a database of its own, where wrangler and the local stack find it alike. */
function place(name: string, database: string) {
  const folder = mkdtempSync(join(dir, name));
  writeFileSync(
    join(folder, 'wrangler.toml'),
    `name = "place"\n[[d1_databases]]\nbinding = "DB"\ndatabase_name = "${database}"\ndatabase_id = "isotherm"\n`,
  );
  return folder;
}

/** Runs a command of the documentation here, on the local database instead of the remote one. */
async function runLocally(words: string[], cwd: string): Promise<void> {
  expect(words).toContain('--remote');
  const args = words.slice(2).map((word) => (word === '--remote' ? '--local' : word));
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', CI: '1', NO_COLOR: '1' };
  await run(process.execPath, [wrangler, ...args], { cwd, env });
}

async function start(folder: string, fleet: Fleet): Promise<AdminClient> {
  sites ??= await startSimulatedFleet(fleet);
  stack = await startLocalStack({
    port: 0,
    host: '127.0.0.1',
    fleet,
    upstreamOverrides: sites.urls,
    persistDir: join(folder, '.wrangler/state/v3'),
    onLog: () => {},
    vars: { RECEIPT_FLUSH_MS: '20', ADMIN_TOKEN_SHA256: sha256('admin') },
  });
  return new AdminClient(stack.url, 'admin');
}

function ask(key: string): Promise<Response> {
  return fetch(`${stack?.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'isotherm-chat',
      max_tokens: 3,
      messages: [{ role: 'user', content: "It's 20 °C;\nis that cool?" }],
    }),
  });
}

async function adminJson(path: string): Promise<unknown> {
  const headers = { authorization: 'Bearer admin' };
  const response = await fetch(`${stack?.url}/admin/v1${path}`, { headers });
  expect(response.status).toBe(200);
  return response.json();
}

/** All there is of plans, keys, receipts and settings. */
async function contents() {
  const usage = '/usage?by=key,model,zone,site,hour&from=2020-01-01&to=2099-01-01';
  const paths = ['/plan', '/plans', '/prices', '/keys', usage, '/changes', '/objective'];
  return Object.fromEntries(
    await Promise.all(paths.map(async (path) => [path, await adminJson(path)])),
  );
}

const requests = 12;

async function booked(): Promise<number> {
  const { usage } = (await adminJson('/usage')) as { usage: { requests: number }[] };
  return usage.reduce((n, row) => n + row.requests, 0);
}

test('a backup as documented brings back plans, receipts, keys and settings', async () => {
  expect([exports.length, restores.length]).toEqual([2, 2]);
  const fleet = await readFleetFile(projectPath('config/fleet.json'));
  const [from, to] = [place('from', 'isotherm'), place('to', 'isotherm-restored')];

  let admin = await start(from, fleet);
  await admin.optimize();
  for (let n = 0; n < 400 && (await admin.latestRun()).status === 'running'; n++) await sleep(50);
  const { key } = await admin.createKey({ name: "team d'été", requestsPerMinute: 600 });
  const { key: revoked, id } = await admin.createKey({ name: 'revoked' });
  await admin.revokeKey(id);
  await admin.setSite('perth', { capacityShare: 0.5, author: 'me', reason: "it's hot;\nthere" });
  for (let n = 0; n < requests; n++) expect((await ask(key)).status).toBe(200);
  for (let n = 0; n < 200 && (await booked()) < requests; n++) await sleep(20);
  const before = await contents();
  expect(await booked()).toBe(requests);
  await stack?.dispose();

  for (const words of exports) await runLocally(words, from);
  for (const words of restores) {
    const file = words[words.indexOf('--file') + 1] as string;
    expect(existsSync(join(from, file))).toBe(true);
    writeFileSync(join(to, file), readFileSync(join(from, file)));
    await runLocally(words, to);
  }

  admin = await start(to, fleet);
  expect(await contents()).toEqual(before);
  expect((await ask(key)).headers.get('x-isotherm-plan')).toBe('1');
  expect((await ask(revoked)).status).toBe(401);
  // And it goes on from there: the next plan is the next version.
  await admin.optimize();
  for (let n = 0; n < 400 && (await admin.latestRun()).status === 'running'; n++) await sleep(50);
  expect((await admin.latestRun()).planVersion).toBe(2);
}, 120_000);
