import { type ChildProcess, fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { AdminClient } from '../../src/local/admin-client.ts';
import { projectPath } from '../../src/local/bundle.ts';
import { readFleetFile } from '../../src/local/fleet-file.ts';
import { startPortkey } from './portkey.ts';
import { serveWorkers } from './serve.ts';

/** What a request goes through on its way to the same server. */
export interface Target {
  name: 'direct' | 'bare' | 'router' | 'portkey';
  url: string;
  headers: Record<string, string>;
  /** The process that serves it. */
  pid: number | undefined;
}

export interface Targets {
  all: Target[];
  /** Why a target is not among them. */
  skipped: string[];
  close(): Promise<void>;
}

const PATH = '/v1/chat/completions';

/** The least a Worker can do between a client and a server. */
const bareWorker = (server: string) => `export default {
  fetch(request) {
    const { pathname } = new URL(request.url);
    return fetch('${server}' + pathname, request);
  },
};`;

/** The variables of wrangler.toml. */
async function deployedVars(): Promise<Record<string, string>> {
  const toml = await readFile(projectPath('wrangler.toml'), 'utf8');
  const section = toml.split('[vars]\n')[1]?.split('\n\n')[0] ?? '';
  return Object.fromEntries(
    [...section.matchAll(/^(\w+) = "(.*)"$/gm)].map(([, name, value]) => [name, value]),
  );
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

export async function startTargets({
  inspectorPort,
  withPortkey = true,
}: {
  inspectorPort?: number;
  withPortkey?: boolean;
} = {}): Promise<Targets> {
  const upstream = fork(projectPath('bench/router/upstream.ts'));
  const port = await new Promise<number>((resolve) => upstream.once('message', resolve));
  const server = `http://127.0.0.1:${port}`;
  const fleet = await readFleetFile(projectPath('config/fleet.json'));
  const served = await serveWorkers({
    fleet,
    beside: bareWorker(server),
    inspectorPort,
    vars: {
      ...(await deployedVars()),
      ALLOW_INSECURE_UPSTREAMS: 'true',
      UPSTREAM_OVERRIDES: JSON.stringify(
        Object.fromEntries(fleet.sites.map((s) => [s.id, server])),
      ),
      ADMIN_TOKEN_SHA256: sha256('admin'),
      CLIENT_KEYS_SHA256: '',
    },
  });
  // With a plan and a key of the database, so that shares, sessions and receipts have their part in it.
  const admin = new AdminClient(served.router, 'admin');
  await admin.optimize();
  while ((await admin.latestRun()).status === 'running') await sleep(50);
  const { key } = await admin.createKey({ name: 'bench' });
  const headers = {
    authorization: `Bearer ${key}`,
    'content-type': 'application/json',
    accept: 'application/json',
    'user-agent': 'bench',
  };
  const all: Target[] = [
    { name: 'direct', url: server + PATH, headers, pid: upstream.pid },
    { name: 'bare', url: served.beside + PATH, headers, pid: served.pid },
    { name: 'router', url: served.router + PATH, headers, pid: served.pid },
  ];
  const skipped: string[] = [];
  let portkey: ChildProcess | undefined;
  if (withPortkey) {
    try {
      const started = await startPortkey();
      portkey = started.process;
      all.push({
        name: 'portkey',
        url: started.url + PATH,
        pid: portkey.pid,
        headers: {
          ...headers,
          'x-portkey-provider': 'openai',
          'x-portkey-custom-host': `${server}/v1`,
        },
      });
    } catch (error) {
      skipped.push(`portkey: ${(error as Error).message}`);
    }
  }
  return {
    all,
    skipped,
    async close() {
      portkey?.kill();
      upstream.kill();
      await served.dispose();
    },
  };
}
