import { Log, LogLevel, Miniflare, type MiniflareOptions } from 'miniflare';
import { type Fleet, publicFleet } from '../core/model/fleet.ts';
import { solverBindingName } from '../core/model/solver-name.ts';
import { bundleWorker, compatibility, projectPath, publicFleetPath } from './bundle.ts';
import { applyMigrations } from './d1-migrations.ts';
import { buildPage } from './page.ts';
import { assertPortFree } from './port.ts';
import { solverWorkers } from './site-vars.ts';

/**
 * All Workers on this machine in one workerd: the router, the solvers, D1 and the
 * coordinator. Miniflare is used directly; `wrangler dev` has a proxy in front that is slow.
 */

export type LocalStackOptions = {
  /** Port of the router; 0 takes a free one. */
  port: number;
  host: string;
  /** Variables and secrets of the router, over those of {@link defaultVars}. */
  vars?: Record<string, string>;
  fleet: Fleet;
  /** Whether the page's map is of this fleet. Absent: of config/fleet.json, which tests share. */
  hasOwnMap?: boolean;
  /** Directory for D1 and Durable Object data. Absent: gone when the stack is disposed. */
  persistDir?: string;
  /** Site id to base URL of its server, in place of the registry's. */
  upstreamOverrides?: Record<string, string>;
  /** Solver id to host and port of its Worker in another process. Absent: all run in this one. */
  solverAddresses?: Record<string, string>;
  /** Port of the Workers' inspector, for profiles and heaps; 0 takes a free one. Absent: none. */
  inspectorPort?: number;
  /**
   * Another Worker in the same workerd, as one ES module. It and the router then get sockets of their
   * own, without the Worker that miniflare puts in front.
   */
  beside?: { name: string; code: string; vars: Record<string, string> };
  /** Receives what the Workers log, one line a call. Absent: standard error for errors only. */
  onLog?: (level: string, message: string) => void;
};

export type LocalStack = {
  /** Root of the router, without a trailing slash. */
  url: string;
  /** Root of the router's own socket, and of the Worker's beside it. */
  direct?: { router: string; beside: string };
  /** Runs the router's cron trigger and waits for it. */
  triggerCron(): Promise<void>;
  /** Stops everything. May be called twice. */
  dispose(): Promise<void>;
};

const routerName = 'isotherm';
const assetsName = 'isotherm-assets';
const cron = '*/15 * * * *';

/** Where local requests seem to come from. Static: nothing is fetched to find it out. */
const sydneyCf = {
  colo: 'SYD',
  continent: 'OC',
  country: 'AU',
  region: 'New South Wales',
  regionCode: 'NSW',
  city: 'Sydney',
  postalCode: '2000',
  latitude: '-33.86800',
  longitude: '151.20900',
  timezone: 'Australia/Sydney',
  asn: 64496, // reserved for documentation, RFC 5398
  asOrganization: 'Local run',
  httpProtocol: 'HTTP/1.1',
  tlsVersion: 'TLSv1.3',
};

/** As in wrangler.toml, but for local servers: plain HTTP to upstreams is allowed. */
const defaultVars: Record<string, string> = {
  ALLOW_INSECURE_UPSTREAMS: 'true',
  ZONE_HEADER_ENABLED: 'true',
  PUBLIC_STATUS: 'true',
  CLOCK_OFFSET_MS: '0',
  // A few requests by hand are no demand to plan for.
  DEMAND: 'population',
  // Nor is there a network between here and simulated sites.
  SPEEDS: 'registry',
  ADMIN_TOKEN_SHA256: '',
  CLIENT_KEYS_SHA256: '',
};

type WorkerConfig = MiniflareOptions['workers'][number]['config'];

function textBindings(vars: Record<string, string>): NonNullable<WorkerConfig['env']> {
  return Object.fromEntries(
    Object.entries(vars).map(([name, value]) => [name, { type: 'text', value }]),
  );
}

function singleModule(contents: string): WorkerConfig['manifest'] {
  return { mainModule: 'worker.js', modules: { 'worker.js': { type: 'esm', contents } } };
}

async function workerConfigs(options: LocalStackOptions): Promise<WorkerConfig[]> {
  const [routerCode, { date, flags }, pageDirectory] = await Promise.all([
    bundleWorker('src/workers/main.ts', { [publicFleetPath]: publicFleet(options.fleet) }),
    compatibility(),
    buildPage(options.hasOwnMap ? publicFleet(options.fleet) : undefined),
  ]);
  const solvers = solverWorkers(options.fleet);
  const router: WorkerConfig = {
    name: routerName,
    compatibilityDate: date,
    compatibilityFlags: flags,
    manifest: singleModule(routerCode),
    triggers: [{ type: 'scheduled', schedule: cron }],
    exports: {
      Coordinator: { type: 'durable-object', storage: 'sqlite' },
      KeyLimits: { type: 'durable-object', storage: 'sqlite' },
      SiteBoard: { type: 'durable-object', storage: 'sqlite' },
    },
    env: {
      ...textBindings({
        ...defaultVars,
        OPTIMIZER_SETTINGS: '{}',
        UPSTREAM_OVERRIDES: JSON.stringify(options.upstreamOverrides ?? {}),
        ...options.vars,
      }),
      DB: { type: 'd1', id: 'isotherm' },
      COORDINATOR: { type: 'durable-object', worker: routerName, exportName: 'Coordinator' },
      SITE_BOARD: { type: 'durable-object', worker: routerName, exportName: 'SiteBoard' },
      KEY_LIMITS: { type: 'durable-object', worker: routerName, exportName: 'KeyLimits' },
      ASSETS: { type: 'worker', worker: assetsName },
      ...Object.fromEntries(
        solvers.map(({ solver, service }) => [
          solverBindingName(solver),
          solverBinding(service, options.solverAddresses?.[solver]),
        ]),
      ),
    },
  };
  // Deployed, the assets belong to the router. Here they are a Worker of their own, since
  // miniflare would put two more Workers in front of the router for them (a third of its speed).
  const assets: WorkerConfig = {
    name: assetsName,
    compatibilityDate: date,
    manifest: singleModule('export default {};'),
    assets: { directory: pageDirectory },
  };
  const { beside } = options;
  const besideConfigs = beside
    ? [
        {
          name: beside.name,
          compatibilityDate: date,
          compatibilityFlags: flags,
          manifest: singleModule(beside.code),
          env: textBindings(beside.vars),
        },
      ]
    : [];
  const solverWorkerConfigs = options.solverAddresses ? [] : await solverConfigs(options.fleet);
  return [router, assets, ...solverWorkerConfigs, ...besideConfigs];
}

function solverBinding(service: string, address: string | undefined) {
  return address === undefined
    ? { type: 'worker' as const, worker: service }
    : { type: 'external' as const, address };
}

/** The solver Workers of a fleet. */
export async function solverConfigs(fleet: Fleet): Promise<WorkerConfig[]> {
  const [code, { date }] = await Promise.all([
    bundleWorker('src/workers/site-solver.ts'),
    compatibility(),
  ]);
  return solverWorkers(fleet).map(({ service, vars, asksPlants }) => ({
    name: service,
    compatibilityDate: date,
    manifest: singleModule(code),
    env: {
      ...textBindings(vars),
      ...(asksPlants && {
        PLANT_STATES: { type: 'durable-object', worker: service, exportName: 'PlantStates' },
      }),
    },
    ...(asksPlants && { exports: { PlantStates: { type: 'durable-object', storage: 'sqlite' } } }),
  }));
}

export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  await assertPortFree(options.host, options.port);
  const configs = await workerConfigs(options);
  const { onLog, beside } = options;
  const ownSocket = (name: string) =>
    beside && (name === routerName || name === beside.name)
      ? { unsafeDirectSockets: [{ host: options.host, port: 0 }] }
      : undefined;
  const miniflare = new Miniflare({
    host: options.host,
    port: options.port,
    cf: sydneyCf,
    log: new Log(LogLevel.ERROR),
    logRequests: false,
    inspectorPort: options.inspectorPort,
    enableDevRegistry: false,
    telemetry: { enabled: false },
    resourcePersistencePath: options.persistDir,
    handleStructuredLogs: onLog && (({ level, message }) => onLog(level, message)),
    workers: configs.map((config) => ({ config, dev: ownSocket(config.name) })),
  });
  let disposed: Promise<void> | undefined;
  const dispose = () => {
    disposed ??= miniflare.dispose();
    return disposed;
  };
  try {
    const url = await miniflare.ready;
    await applyMigrations(
      await miniflare.getD1Database('DB', routerName),
      projectPath('migrations'),
    );
    return {
      url: url.origin,
      ...(beside && {
        direct: {
          router: (await miniflare.unsafeGetDirectURL(routerName)).origin,
          beside: (await miniflare.unsafeGetDirectURL(beside.name)).origin,
        },
      }),
      triggerCron: async () => {
        const router = await miniflare.getWorker(routerName);
        const { outcome } = await router.scheduled({ scheduledTime: new Date(), cron });
        if (outcome !== 'ok') throw new Error(`the cron trigger ended with "${outcome}"`);
      },
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}
