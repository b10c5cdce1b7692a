import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fleet, publicFleet } from '../../src/core/model/fleet.ts';
import { solverBindingName } from '../../src/core/model/solver-name.ts';
import {
  bundleWorker,
  compatibility,
  projectPath,
  publicFleetPath,
} from '../../src/local/bundle.ts';
import { freePort } from '../../src/local/port.ts';
import { solverWorkers } from '../../src/local/site-vars.ts';
import { startDatabase } from './database.ts';

/** The Workers as `workerd serve` runs them, without anything of miniflare's in a request's way. */
export interface Served {
  /** Roots of the router, and of the Worker beside it. */
  router: string;
  beside: string;
  pid: number;
  dispose(): Promise<void>;
}

export interface ServeOptions {
  fleet: Fleet;
  /** Variables and secrets of the router. */
  vars: Record<string, string>;
  /** Another Worker in the same workerd, as one ES module. */
  beside: string;
  /** Port of V8's inspector. Absent: none, as a deployment has it. */
  inspectorPort?: number;
}

/** Miniflare brings it. */
const workerd: string = createRequire(createRequire(import.meta.url).resolve('miniflare'))(
  'workerd',
).default;

const capnp = (text: string) => JSON.stringify(text);
const texts = (vars: Record<string, string>) =>
  Object.entries(vars).map(([name, value]) => `(name = ${capnp(name)}, text = ${capnp(value)})`);

export async function serveWorkers(options: ServeOptions): Promise<Served> {
  const { fleet } = options;
  const dir = mkdtempSync(join(tmpdir(), 'isotherm-serve-'));
  const [router, solver, { date, flags }, database] = await Promise.all([
    bundleWorker('src/workers/main.ts', { [publicFleetPath]: publicFleet(fleet) }),
    bundleWorker('src/workers/site-solver.ts'),
    compatibility(),
    startDatabase(),
  ]);
  await migrate(database.port);
  const files = { 'router.js': router, 'solver.js': solver, 'beside.js': options.beside };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  const [routerPort, besidePort] = [await freePort(), await freePort()];
  const objects = ['Coordinator', 'KeyLimits', 'SiteBoard'];
  const solvers = solverWorkers(fleet);
  const common = `compatibilityDate = ${capnp(date)}, compatibilityFlags = [${flags.map(capnp)}]`;
  const worker = (name: string, file: string, rest: string) =>
    `(name = ${capnp(name)}, worker = (modules = [(name = "worker.js", esModule = embed ${capnp(file)})], ${common}, ${rest}))`;
  const binding = (name: string, type: string, value: string) =>
    `(name = "${name}", ${type} = ${value})`;
  const bindings = [
    ...texts(options.vars),
    `(name = "DB", wrapped = (moduleName = "cloudflare-internal:d1-api", innerBindings = [(name = "fetcher", service = "database")]))`,
    binding('ASSETS', 'service', '"beside"'),
    ...['COORDINATOR', 'KEY_LIMITS', 'SITE_BOARD'].map((name, n) =>
      binding(name, 'durableObjectNamespace', `"${objects[n]}"`),
    ),
    ...solvers.map((s) => binding(solverBindingName(s.solver), 'service', `"${s.service}"`)),
  ];
  const namespaces = objects.map(
    (name) => `(className = "${name}", uniqueKey = "${name}", enableSql = true)`,
  );
  const services = [
    `(name = "internet", network = (allow = ["public", "private"]))`,
    `(name = "database", external = (address = "127.0.0.1:${database.port}", http = ()))`,
    worker('beside', 'beside.js', ''),
    ...solvers.map((s) => worker(s.service, 'solver.js', `bindings = [${texts(s.vars)}]`)),
    worker(
      'router',
      'router.js',
      `bindings = [${bindings}], durableObjectNamespaces = [${namespaces}], durableObjectStorage = (inMemory = void)`,
    ),
  ];
  const socket = (name: string, port: number) =>
    `(name = "${name}", address = "127.0.0.1:${port}", http = (), service = "${name}")`;
  const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [${services.join(',\n')}],
  sockets = [${socket('router', routerPort)}, ${socket('beside', besidePort)}],
);
`;
  writeFileSync(join(dir, 'config.capnp'), config);
  const inspector = options.inspectorPort
    ? [`--inspector-addr=127.0.0.1:${options.inspectorPort}`]
    : [];
  const child = spawn(
    workerd,
    ['serve', '--experimental', ...inspector, join(dir, 'config.capnp')],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let errors = '';
  child.stderr.on('data', (data) => {
    errors = (errors + data).slice(-4000);
  });
  const url = `http://127.0.0.1:${routerPort}`;
  await isUp(`${url}/healthz`, child).catch((error) => {
    throw new Error(`workerd does not serve: ${errors}`, { cause: error });
  });
  return {
    router: url,
    beside: `http://127.0.0.1:${besidePort}`,
    pid: child.pid as number,
    async dispose() {
      child.kill();
      database.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function migrate(port: number): Promise<void> {
  const dir = projectPath('migrations');
  const names = readdirSync(dir).filter((name) => name.endsWith('.sql'));
  for (const name of names.sort()) {
    const statements = readFileSync(join(dir, name), 'utf8').split('--> statement-breakpoint');
    const body = JSON.stringify(statements.map((sql) => ({ sql })));
    const { ok } = await fetch(`http://127.0.0.1:${port}/query`, { method: 'POST', body });
    if (!ok) throw new Error(`migration ${name} failed`);
  }
}

async function isUp(url: string, child: ChildProcess): Promise<void> {
  for (let n = 0; n < 200; n++) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    const isThere = await fetch(url).then(
      (r) => r.ok,
      () => false,
    );
    if (isThere) return;
    await sleep(50);
  }
  throw new Error('it did not answer within 10 s');
}
