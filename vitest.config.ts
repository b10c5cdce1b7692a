import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
import { bundleWorker, compatibility, projectPath } from './src/local/bundle.ts';
import { readFleetFile } from './src/local/fleet-file.ts';
import { solverWorkers } from './src/local/site-vars.ts';

/** One solver Worker per site, wrapped so that a test can make it faulty. */
async function auxiliarySolvers() {
  const [fleet, code, { date }] = await Promise.all([
    readFleetFile(projectPath('config/fleet.json')),
    bundleWorker('test/workers/support/faulty-solver.ts'),
    compatibility(),
  ]);
  return solverWorkers(fleet).map(({ service, vars }) => ({
    name: service,
    compatibilityDate: date,
    modules: [{ type: 'ESModule' as const, path: `${service}.js`, contents: code }],
    bindings: vars,
  }));
}

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          exclude: ['test/workers/**'],
          environment: 'node',
        },
      },
      {
        plugins: [
          cloudflareTest(async () => ({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: {
                ALLOW_INSECURE_UPSTREAMS: 'true',
                ZONE_HEADER_ENABLED: 'true',
                ROUNDS_PER_ALARM: '1',
                // Alarms wait for the test to run them.
                ALARM_PAUSE_MS: '60000',
                ROUND_DEADLINE_MS: '400',
                // SHA-256 of 'test-admin-token' and 'test-client-key'.
                ADMIN_TOKEN_SHA256:
                  '17d6bfe05d1b1fb7bc499f8e3f639c7b3eda4c40f321eef8887a0c04c89a99c5',
                CLIENT_KEYS_SHA256:
                  '5ce15761d99d8887142d76d3f44fc2045ace53e646a6e90c923aa2febc0d10e1',
                TEST_MIGRATIONS: await readD1Migrations(projectPath('migrations')),
              },
              workers: await auxiliarySolvers(),
            },
          })),
        ],
        test: {
          name: 'workers',
          include: ['test/workers/**/*.test.ts'],
          setupFiles: ['./test/workers/support/setup.ts'],
        },
      },
      // The pure core again, in the runtime it is deployed to.
      {
        plugins: [
          cloudflareTest(async () => ({
            miniflare: { compatibilityDate: (await compatibility()).date },
          })),
        ],
        test: {
          name: 'core-in-workerd',
          include: ['test/core/**/*.test.ts'],
          exclude: ['**/*.node.test.ts'],
        },
      },
    ],
  },
});
