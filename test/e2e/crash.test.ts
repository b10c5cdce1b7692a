import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReceiptView } from '../../src/core/accounting/receipt-view.ts';
import type { Fleet } from '../../src/core/model/fleet.ts';
import { projectPath } from '../../src/local/bundle.ts';
import { readFleetFile } from '../../src/local/fleet-file.ts';
import { freePort } from '../../src/local/port.ts';
import { type LocalStack, startLocalStack } from '../../src/local/stack.ts';
import { type CountingSite, startCountingSite } from './support/counting-site.ts';
import { key, sha256, until } from './support/gateway.ts';

/** workerd is killed in the middle of its work; what was booked is held against the receipts. */

/** What an isolate gathers at most before it writes, by docs/receipts.md. */
const MAX_GATHERED = 500;

interface Booked extends Record<string, number | string> {
  zone: string;
  model: string;
  requests: number;
}

let fleet: Fleet;
let site: CountingSite;
let stack: LocalStack | undefined;
let port: number;
const persistDir = mkdtempSync(join(tmpdir(), 'isotherm-crash-'));

beforeAll(async () => {
  fleet = await readFleetFile(projectPath('config/fleet.json'));
  site = await startCountingSite();
});

afterAll(async () => {
  await stack?.dispose();
  site?.close();
  rmSync(persistDir, { recursive: true, force: true });
});

async function start(flushMs: number): Promise<void> {
  port = await freePort();
  stack = await startLocalStack({
    port,
    host: '127.0.0.1',
    fleet,
    persistDir,
    onLog: () => {},
    upstreamOverrides: Object.fromEntries(fleet.sites.map((s) => [s.id, site.baseUrl])),
    vars: {
      RECEIPT_FLUSH_MS: String(flushMs),
      CLIENT_KEYS_SHA256: sha256(key),
      ADMIN_TOKEN_SHA256: sha256('admin'),
    },
  });
}

/** No goodbye: as where the machine fails. */
async function kill(): Promise<void> {
  const processes = execFileSync('ps', ['-Ao', 'pid=,ppid=,args='], { encoding: 'utf8' });
  const own = processes
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((m) => m?.[2] === String(process.pid) && m[3]?.includes(`=127.0.0.1:${port} `));
  expect(own).toHaveLength(1);
  const pid = Number(own[0]?.[1]);
  process.kill(pid, 'SIGKILL');
  await until(() => isGone());
  await stack?.dispose().catch(() => {});
}

function isGone(): boolean {
  const processes = execFileSync('ps', ['-Ao', 'stat=,args='], { encoding: 'utf8' });
  return !processes.split('\n').some((l) => l.includes(`=127.0.0.1:${port} `) && l[0] !== 'Z');
}

function ask(zone: string, model: string, more: object): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'x-isotherm-zone': zone,
    },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hello' }], ...more }),
  });
}

/** Receipts by zone and model, each in the order in which they were handed out. */
const handedOut = new Map<string, ReceiptView[]>();
const allHandedOut = () => [...handedOut.values()].reduce((n, list) => n + list.length, 0);

/** So many requests: of a zone and model one after the other, of all of them at once. */
async function receive(count: number): Promise<void> {
  let left = count;
  const models = fleet.classes.map((c) => c.model);
  const groups = fleet.zones.flatMap((z) => models.map((model) => ({ zone: z.id, model })));
  await Promise.all(
    groups.map(async ({ zone, model }) => {
      const list = handedOut.get(`${zone} ${model}`) ?? [];
      handedOut.set(`${zone} ${model}`, list);
      while (left-- > 0) {
        const n = list.length;
        const metadata = { prompt_tokens: 100 + 7 * n, completion_tokens: 1 + n ** 2 };
        const response = await ask(zone, model, { metadata });
        await response.text();
        list.push(JSON.parse(response.headers.get('x-isotherm-receipt') as string));
      }
    }),
  );
}

/** Streams under way when it dies. They have receipts neither handed out nor booked. */
async function beginStreams(count: number): Promise<void> {
  const before = site.streams();
  for (let n = 0; n < count; n++) {
    ask('sydney', 'isotherm-chat', { stream: true })
      .then((response) => response.text())
      .catch(() => {});
  }
  await until(() => site.streams() === before + count);
}

async function booked(): Promise<Booked[]> {
  const url = `http://127.0.0.1:${port}/admin/v1/usage?by=zone,model&from=2020-01-01&to=2099-01-01`;
  const response = await fetch(url, { headers: { authorization: 'Bearer admin' } });
  return ((await response.json()) as { usage: Booked[] }).usage;
}

async function allBooked(): Promise<number> {
  return (await booked()).reduce((n, row) => n + row.requests, 0);
}

async function untilBooked(isEnough: (count: number) => boolean): Promise<number> {
  for (let n = 0; n < 100; n++) {
    const count = await allBooked();
    if (isEnough(count)) return count;
    await sleep(50);
  }
  throw new Error(`${await allBooked()} are booked of ${allHandedOut()}`);
}

/** Those booked are the first that were handed out, to the last unit of every sum. */
async function expectFirstOf(receipts: Map<string, ReceiptView[]>): Promise<void> {
  for (const row of await booked()) {
    const list = receipts.get(`${row.zone} ${row.model}`) ?? [];
    expect(row.requests).toBeLessThanOrEqual(list.length);
    const first = list.slice(0, row.requests);
    const sum = (of: (r: ReceiptView) => number) =>
      first.reduce((a, r) => a + Math.round(of(r)), 0);
    expect(row).toMatchObject({
      promptTokens: sum((r) => r.tokens.prompt),
      completionTokens: sum((r) => r.tokens.completion),
      energyMilliWh: sum((r) => r.energyWh * 1000),
      carbonMg: sum((r) => r.carbonG * 1000),
      waterMicroL: sum((r) => r.waterMl * 1000),
      nearestEnergyMilliWh: sum((r) => r.counterfactual.energyWh * 1000),
      nearestCarbonMg: sum((r) => r.counterfactual.carbonG * 1000),
    });
  }
}

test.skipIf(process.platform === 'win32')(
  'workerd killed in the middle of traffic loses what it had gathered, 500 receipts at most, and nothing else',
  async () => {
    // So long a pause that only their number has receipts written.
    await start(20_000);
    await receive(MAX_GATHERED + 100);
    await beginStreams(20);
    const before = await untilBooked((count) => allHandedOut() - count <= MAX_GATHERED);
    await kill();

    // Then one in which only time has.
    await start(100);
    const kept = await allBooked();
    // What was booked stays; what was gathered since is lost, and was not booked by miracle.
    expect(kept).toBeGreaterThanOrEqual(before);
    expect(kept).toBeLessThan(allHandedOut());
    expect(allHandedOut() - kept).toBeLessThanOrEqual(MAX_GATHERED);
    await expectFirstOf(handedOut);
    // The sums go on from there.
    const survivors = new Map((await booked()).map((r) => [`${r.zone} ${r.model}`, r.requests]));
    for (const [group, list] of handedOut) list.length = survivors.get(group) ?? 0;
    await receive(100);
    await beginStreams(20);
    await untilBooked((count) => count === allHandedOut());
    await kill();

    await start(100);
    expect(await allBooked()).toBe(allHandedOut());
    await expectFirstOf(handedOut);
  },
  90_000,
);
