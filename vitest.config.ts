import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin';
import { defineConfig, type Plugin } from 'vitest/config';
import { type Fleet, publicFleet } from './src/core/model/fleet.ts';
import { solverBindingName } from './src/core/model/solver-name.ts';
import { bundleWorker, compatibility, projectPath, publicFleetPath } from './src/local/bundle.ts';
import { defaultFleetPath, readFleetFile, readText } from './src/local/fleet-file.ts';
import { isPackageRegistry } from './src/local/package-registry.ts';
import { buildPage } from './src/local/page.ts';
import { solverWorkers } from './src/local/site-vars.ts';
import { fleetWithDigest } from './test/core/support/fleets.ts';
import { plantedFleet } from './test/core/support/planted.ts';
import { ruledContinent } from './test/core/support/ruled.ts';

/** Forty sites that share four solvers, and every rule a registry can have. */
const sharedSolvers = ruledContinent(Date.now());

/** Answers what a test tells it to. */
const ENERGY_SYSTEM = 'energy-system';

async function energySystem() {
  return {
    name: ENERGY_SYSTEM,
    compatibilityDate: (await compatibility()).date,
    modules: true,
    script: await bundleWorker('test/workers-plants/support/energy-system.ts'),
  };
}

/** The solver Workers of a fleet, wrapped so that a test can make them faulty. */
async function auxiliarySolvers(fleet: Fleet) {
  const [code, { date }] = await Promise.all([
    bundleWorker('test/workers/support/faulty-solver.ts'),
    compatibility(),
  ]);
  return solverWorkers(fleet).map(({ service, vars, asksPlants }) => ({
    name: service,
    compatibilityDate: date,
    modules: [{ type: 'ESModule' as const, path: `${service}.js`, contents: code }],
    bindings: vars,
    ...(asksPlants && {
      durableObjects: { PLANT_STATES: { className: 'PlantStates', useSQLite: true } },
      // All it asks is the plants' state.
      outboundService: ENERGY_SYSTEM,
    }),
  }));
}

const routerBindings = async () => ({
  ALLOW_INSECURE_UPSTREAMS: 'true',
  ZONE_HEADER_ENABLED: 'true',
  ROUNDS_PER_ALARM: '1',
  // Alarms wait for the test to run them.
  ALARM_PAUSE_MS: '60000',
  ROUND_DEADLINE_MS: '400',
  RECEIPT_FLUSH_MS: '20',
  FUZZ_RUNS: fuzzRuns(),
  // SHA-256 of 'test-admin-token' and 'test-client-key'.
  ADMIN_TOKEN_SHA256: '17d6bfe05d1b1fb7bc499f8e3f639c7b3eda4c40f321eef8887a0c04c89a99c5',
  CLIENT_KEYS_SHA256: '5ce15761d99d8887142d76d3f44fc2045ace53e646a6e90c923aa2febc0d10e1',
  TEST_MIGRATIONS: await readD1Migrations(projectPath('migrations')),
});

/** Random requests to the router. npm tells which script it runs, on every system alike. */
function fuzzRuns(): string {
  const { FUZZ_RUNS, npm_lifecycle_event } = process.env;
  return FUZZ_RUNS ?? (npm_lifecycle_event === 'fuzz' ? '100000' : '1000');
}

/** Examples and documents followed to the letter: minutes, so on demand only. */
const firstHour = {
  test: {
    name: 'first-hour',
    testTimeout: 300_000,
    include: ['test/first-hour/**/*.test.ts'],
    environment: 'node' as const,
  },
};
const isFirstHour = process.env.npm_lifecycle_event === 'test:docs';

/** Another registry in the router's bundle. Projects whose plugins have the same names share modules. */
function withFleet(project: string, fleet: Fleet): Plugin {
  return {
    name: `fleet of ${project}`,
    enforce: 'pre',
    load: (id) =>
      id.split('?')[0] === publicFleetPath ? JSON.stringify(publicFleet(fleet)) : undefined,
  };
}

/** Of a project that runs the Workers with a registry of its own. */
function workersWith(name: string, fleet: Fleet, vars: Record<string, string> = {}) {
  return {
    plugins: [
      withFleet(name, fleet),
      cloudflareTest(async () => {
        const { date, flags } = await compatibility();
        return {
          main: './src/workers/main.ts',
          miniflare: {
            compatibilityDate: date,
            compatibilityFlags: flags,
            d1Databases: ['DB'],
            durableObjects: {
              COORDINATOR: { className: 'Coordinator', useSQLite: true },
              SITE_BOARD: { className: 'SiteBoard', useSQLite: true },
            },
            serviceBindings: {
              ENERGY_SYSTEM,
              ...Object.fromEntries(
                solverWorkers(fleet).map(({ solver, service }) => [
                  solverBindingName(solver),
                  service,
                ]),
              ),
            },
            bindings: { ...(await routerBindings()), ...vars },
            workers: [await energySystem(), ...(await auxiliarySolvers(fleet))],
          },
        };
      }),
    ],
    test: {
      name,
      testTimeout: TEST_TIMEOUT_MS,
      include: [`test/${name}/**/*.test.ts`],
      setupFiles: ['./test/workers/support/setup.ts'],
    },
  };
}

if (!isPackageRegistry(await readText(defaultFleetPath))) {
  console.warn(
    'config/fleet.json is not the registry that the tests are written for: many will fail. If it is to be, its ' +
      'SHA-256 belongs into src/local/package-registry.ts.',
  );
}
// wrangler.toml names its folder.
await buildPage();

/** Of a test. Shared cores and look-ups without DNS take their time, and no test is about time. */
const TEST_TIMEOUT_MS = 30_000;

export default defineConfig({
  test: {
    // By default one core is left to the terminal; many of these files wait for workerd or a browser.
    maxWorkers: '100%',
    projects: [
      ...(isFirstHour ? [firstHour] : []),
      {
        test: {
          name: 'node',
          testTimeout: TEST_TIMEOUT_MS,
          include: ['test/**/*.test.ts'],
          exclude: [
            'test/workers/**',
            'test/workers-shared/**',
            'test/workers-plants/**',
            'test/workers-waiting/**',
            'test/first-hour/**',
          ],
          environment: 'node',
        },
      },
      {
        plugins: [
          cloudflareTest(async () => ({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: await routerBindings(),
              workers: await auxiliarySolvers(await readFleetFile()),
            },
          })),
        ],
        test: {
          name: 'workers',
          testTimeout: TEST_TIMEOUT_MS,
          include: ['test/workers/**/*.test.ts'],
          setupFiles: ['./test/workers/support/setup.ts'],
        },
      },
      // The Workers with a larger fleet, whose sites share solvers, with work that may wait, and with plants.
      workersWith('workers-shared', sharedSolvers),
      workersWith('workers-waiting', fleetWithDigest()),
      // Plants take their time on a busy machine.
      workersWith('workers-plants', plantedFleet(), {
        ROUND_DEADLINE_MS: '2000',
        ROUNDS_PER_ALARM: '4',
      }),
      // The pure core again, in the runtime it is deployed to.
      {
        plugins: [
          cloudflareTest(async () => ({
            miniflare: { compatibilityDate: (await compatibility()).date },
          })),
        ],
        test: {
          name: 'core-in-workerd',
          testTimeout: TEST_TIMEOUT_MS,
          include: ['test/core/**/*.test.ts'],
          exclude: ['**/*.node.test.ts'],
        },
      },
    ],
  },
});
