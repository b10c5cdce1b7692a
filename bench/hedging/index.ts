import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { table } from '../../src/cli/table.ts';
import type { Fleet } from '../../src/core/model/fleet.ts';
import { decodeStepMs, hardwareProfiles, prefillMs } from '../../src/core/model/hardware.ts';
import { AdminClient } from '../../src/local/admin-client.ts';
import { projectPath } from '../../src/local/bundle.ts';
import { readFleetFile } from '../../src/local/fleet-file.ts';
import { startLocalStack } from '../../src/local/stack.ts';
import { startSimulatedSite } from '../../src/sim/site-server/index.ts';

/** One request in ten meets a prefill that takes so many times as long, at whichever site. */
const SLOW = { kind: 'slow', factor: 20, probability: 0.1 } as const;
/** After how long a second site is asked, ms; none, then two waits. */
const WAITS_MS = [0, 400, 200];
const PROMPT_TOKENS = 500;
const KEY = 'sk-bench';

/** Of a request's line in the log. */
interface Outcome {
  requestId: string;
  site?: string;
  attempts: { site: string; isHedge?: true }[];
}

interface Row {
  hedgeAfterMs: number;
  requests: number;
  /** To the first piece of a stream, as its client has it. */
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  /** Requests for which a second site was asked, and those that it answered. */
  askedShare: number;
  wonShare: number;
  /** The most by which a site's share of answers differs from its share of first questions. */
  worstDrift: number;
}

export function registerHedging(program: Command): void {
  program
    .command('hedging')
    .description(
      'What asking a second site beside a slow one brings in TTFT, and what it costs: streams through the router in workerd to simulated sites of which one request in ten finds a slow prefill, with and without it in turns.',
    )
    .addOption(new Option('--requests <n>', 'of each kind').default(1000).argParser(count))
    .addOption(new Option('--json', 'JSON on standard output'))
    .action(async ({ requests, json }: { requests: number; json?: true }) => {
      const rows = await measure(requests);
      process.stdout.write(json ? `${JSON.stringify(rows, null, 2)}\n` : `${text(rows)}\n`);
    });
}

function count(value: string): number {
  const n = Number(value);
  if (Number.isInteger(n) && n >= 1 && n <= 100_000) return n;
  throw new InvalidArgumentError('must be a whole number from 1 to 100000');
}

const sha256 = (value: string) => createHash('sha256').update(value).digest('hex');

async function startSites(fleet: Fleet) {
  return Promise.all(
    fleet.sites.map(async ({ id, upstream, hardware }, n) => {
      const profile = hardwareProfiles[hardware.profile];
      const site = await startSimulatedSite({
        siteId: id,
        models: Object.values(upstream.models),
        servers: hardware.servers,
        prefillMs: () => prefillMs(profile, PROMPT_TOKENS),
        decodeStepMs: (batch) => decodeStepMs(profile, batch),
        maxBatchPerServer: hardware.batch,
        seed: n + 1,
      });
      site.setFault(SLOW);
      return site;
    }),
  );
}

async function measure(requests: number): Promise<Row[]> {
  const fleet = await readFleetFile(projectPath('config/fleet.json'));
  const sites = await startSites(fleet);
  const outcomes = new Map<string, Outcome>();
  const stack = await startLocalStack({
    port: 0,
    host: '127.0.0.1',
    fleet,
    upstreamOverrides: Object.fromEntries(sites.map((s) => [s.siteId, s.baseUrl])),
    onLog: (_level, line) => {
      if (!line.startsWith('{"event":"request"')) return;
      const outcome = JSON.parse(line) as Outcome;
      outcomes.set(outcome.requestId, outcome);
    },
    vars: {
      HEDGING: '{"minMs":50}',
      CLIENT_KEYS_SHA256: sha256(KEY),
      ADMIN_TOKEN_SHA256: sha256('admin'),
    },
  });
  try {
    const admin = new AdminClient(stack.url, 'admin');
    await admin.optimize();
    while ((await admin.latestRun()).status === 'running') await sleep(50);
    const ttftsMs = WAITS_MS.map((): number[] => []);
    const running: Promise<void>[] = [];
    for (let n = 0; n < requests * WAITS_MS.length; n++) {
      const kind = n % WAITS_MS.length;
      const zone = fleet.zones[Math.floor(n / WAITS_MS.length) % fleet.zones.length]?.id as string;
      const asked = { id: `${kind}-${n}`, zone, hedgeAfterMs: WAITS_MS[kind] as number };
      running.push(ask(stack.url, asked).then((ms) => void ttftsMs[kind]?.push(ms)));
      await sleep(40);
    }
    await Promise.all(running);
    while (outcomes.size < running.length) await sleep(50);
    return WAITS_MS.map((wait, kind) => {
      const own = [...outcomes.values()].filter((o) => o.requestId.startsWith(`${kind}-`));
      return rowOf(wait, ttftsMs[kind] as number[], own);
    });
  } finally {
    await stack.dispose();
    await Promise.all(sites.map((s) => s.close()));
  }
}

/** Time to the first piece of a stream, ms. */
async function ask(
  url: string,
  { id, zone, hedgeAfterMs }: { id: string; zone: string; hedgeAfterMs: number },
): Promise<number> {
  const startMs = performance.now();
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${KEY}`,
      'content-type': 'application/json',
      'x-request-id': id,
      'x-isotherm-zone': zone,
      'x-isotherm-hedge-ms': String(hedgeAfterMs),
    },
    body: JSON.stringify({
      model: 'isotherm-chat',
      stream: true,
      max_tokens: 4,
      user: id,
      messages: [{ role: 'user', content: 'Where is it cool today?' }],
    }),
  });
  const reader = response.body?.getReader();
  await reader?.read();
  const ttftMs = performance.now() - startMs;
  if (response.status !== 200) throw new Error(`${id} was answered ${response.status}`);
  while (!(await reader?.read())?.done);
  return ttftMs;
}

function rowOf(hedgeAfterMs: number, ttftsMs: number[], outcomes: Outcome[]): Row {
  const sorted = ttftsMs.sort((a, b) => a - b);
  const quantile = (q: number) => sorted[Math.floor(q * (sorted.length - 1))] as number;
  const drift = new Map<string, number>();
  const add = (site: string | undefined, by: number) =>
    drift.set(site ?? 'none', (drift.get(site ?? 'none') ?? 0) + by / outcomes.length);
  for (const { attempts, site } of outcomes) {
    add(attempts.find((a) => !a.isHedge)?.site, -1);
    add(site, 1);
  }
  const shareOf = (is: (o: Outcome) => boolean) => outcomes.filter(is).length / outcomes.length;
  return {
    hedgeAfterMs,
    requests: outcomes.length,
    p50Ms: quantile(0.5),
    p95Ms: quantile(0.95),
    p99Ms: quantile(0.99),
    askedShare: shareOf((o) => o.attempts.some((a) => a.isHedge)),
    wonShare: shareOf((o) => o.attempts.some((a) => a.isHedge && a.site === o.site)),
    worstDrift: Math.max(...[...drift.values()].map(Math.abs)),
  };
}

function text(rows: Row[]): string {
  const percent = (x: number) => (100 * x).toFixed(1);
  return table(
    [
      { header: ['second site', 'after ms'] },
      { header: ['requests'] },
      { header: ['p50', 'ms'] },
      { header: ['p95', 'ms'] },
      { header: ['p99', 'ms'] },
      { header: ['asked', '%'] },
      { header: ['answered by it', '%'] },
      { header: ['worst drift', 'points'] },
    ],
    rows.map((r) => [
      r.hedgeAfterMs === 0 ? 'never' : String(r.hedgeAfterMs),
      String(r.requests),
      r.p50Ms.toFixed(0),
      r.p95Ms.toFixed(0),
      r.p99Ms.toFixed(0),
      percent(r.askedShare),
      percent(r.wonShare),
      percent(r.worstDrift),
    ]),
  );
}
