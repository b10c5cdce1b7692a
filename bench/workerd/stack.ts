import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Log, LogLevel, Miniflare } from 'miniflare';
import type { Fleet } from '../../src/core/model/fleet.ts';
import { AdminClient } from '../../src/local/admin-client.ts';
import { freePort } from '../../src/local/port.ts';
import { solverWorkers } from '../../src/local/site-vars.ts';
import { solverConfigs, startLocalStack } from '../../src/local/stack.ts';
import { Inspector } from './inspector.ts';
import { workerdPids } from './process.ts';

/** The Workers in two processes, so that each side's CPU can be told apart. */
export interface SplitStack {
  admin: AdminClient;
  coordinatorPid: number;
  solversPid: number;
  /** Of the router's isolate, which the coordinator shares. */
  inspector: Inspector;
  /** Folder of D1 and the coordinator's storage. */
  dir: string;
  dispose(): Promise<void>;
}

const HOST = '127.0.0.1';
const TOKEN = 'bench';

/**
 * @param startUtcMs the coordinator's clock begins here
 * @param heapLimitMb of every heap in the router's process; V8 ends the process that needs more
 */
export async function startSplitStack(
  fleet: Fleet,
  startUtcMs: number,
  heapLimitMb: number,
): Promise<SplitStack> {
  const dir = mkdtempSync(join(tmpdir(), 'isotherm-bench-'));
  const configs = await solverConfigs(fleet);
  const solvers = new Miniflare({
    host: HOST,
    port: 0,
    log: new Log(LogLevel.ERROR),
    enableDevRegistry: false,
    telemetry: { enabled: false },
    workers: configs.map((config) => ({ config, dev: { unsafeDirectSockets: [{ host: HOST }] } })),
  });
  await solvers.ready;
  const [solversPid] = workerdPids();
  const addresses: [string, string][] = [];
  for (const { solver, service } of solverWorkers(fleet)) {
    addresses.push([solver, (await solvers.unsafeGetDirectURL(service)).host]);
  }
  const inspectorPort = await freePort();
  // Read by miniflare when it starts workerd.
  process.env.MINIFLARE_WORKERD_V8_FLAGS = `--max-heap-size=${heapLimitMb}`;
  const stack = await startLocalStack({
    port: 0,
    host: HOST,
    fleet,
    persistDir: dir,
    inspectorPort,
    solverAddresses: Object.fromEntries(addresses),
    vars: {
      ADMIN_TOKEN_SHA256: createHash('sha256').update(TOKEN).digest('hex'),
      CLOCK_OFFSET_MS: `${startUtcMs - Date.now()}`,
    },
  });
  delete process.env.MINIFLARE_WORKERD_V8_FLAGS;
  const inspector = await Inspector.open(inspectorPort, 'isotherm');
  return {
    admin: new AdminClient(stack.url, TOKEN),
    coordinatorPid: workerdPids().find((pid) => pid !== solversPid) as number,
    solversPid: solversPid as number,
    inspector,
    dir,
    dispose: async () => {
      inspector.close();
      await Promise.all([stack.dispose(), solvers.dispose()]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
