import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Check } from '../../src/cli/doctor/check.ts';
import { deploymentChecks, digestOf } from '../../src/cli/doctor/deployed.ts';
import { AdminClient } from '../../src/local/admin-client.ts';
import { readFleetFile } from '../../src/local/fleet-file.ts';
import { type SimulatedFleet, startSimulatedFleet } from '../../src/local/simulated-fleet.ts';
import { type LocalStack, startLocalStack } from '../../src/local/stack.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const fleet = await readFleetFile();
fleet.sites = fleet.sites.slice(0, 2);
fleet.zones = fleet.zones.slice(0, 2);
const adminToken = 'admin-of-this-test';
let sites: SimulatedFleet;
let stack: LocalStack;

beforeAll(async () => {
  sites = await startSimulatedFleet(fleet);
  stack = await startLocalStack({
    port: 0,
    host: '127.0.0.1',
    fleet,
    upstreamOverrides: sites.urls,
    vars: { ADMIN_TOKEN_SHA256: createHash('sha256').update(adminToken).digest('hex') },
  });
});
afterAll(async () => {
  await stack.dispose();
  await sites.close();
});

/** Checks of the running system; answers pass through `spoil` first. */
async function checks(
  spoil: (path: string, body: unknown) => unknown = (_, body) => body,
  token = adminToken,
  ofFleet = fleet,
): Promise<Check[]> {
  const spoilt = async (url: string, init: RequestInit) => {
    const response = await fetch(url, init);
    const body = (await response.json()) as unknown;
    return Response.json(spoil(new URL(url).pathname, body), { status: response.status });
  };
  return deploymentChecks(ofFleet, {
    url: stack.url,
    adminToken: token,
    fetch: spoilt as typeof fetch,
    timeoutMs: 10_000,
  });
}

const wrong = (all: Check[]) =>
  all.filter((c) => c.status !== 'ok').map((c) => `${c.status} ${c.area} ${c.of}: ${c.found}`);

async function planned(): Promise<void> {
  await stack.triggerCron();
  const admin = new AdminClient(stack.url, adminToken);
  await expect
    .poll(async () => (await admin.latestRun()).status, { timeout: 30_000 })
    .toBe('published');
}

describe('a deployment, through its admin API', () => {
  test('before its first plan and key', async () => {
    const found = wrong(await checks());
    expect(found).toContain(
      'fault deployment client keys: there are none: every request is refused',
    );
    expect(found).toContain('warning cron runs: no run of cron among the last ones');
    expect(found).toContain(
      'fault plan current: /admin/v1/plan answers 404: no plan has been published yet',
    );
  });

  test('is well with a plan of cron’s and a key; that local runs have no placement is none of its faults', async () => {
    await planned();
    await new AdminClient(stack.url, adminToken).createKey({ name: 'test' });
    const all = await checks();
    expect(wrong(all)).toEqual([]);
    expect(all.filter((c) => c.area === 'solver').map((c) => c.found)).toEqual(
      fleet.sites.map(() => 'answers; a run on this machine has no placement'),
    );
    expect(all.find((c) => c.area === 'database')?.found).toMatch(/^has all \d+ migrations$/);
    expect(all.find((c) => c.area === 'plan')?.found).toMatch(
      /^plan 1 from .*Z, within 0\.0\d+ % /,
    );
  });

  test('says what is wrong with it', async () => {
    const migration = '0006_put_off.sql';
    const found = wrong(
      await checks((path, body) => {
        const b = structuredClone(body) as Record<string, never> & {
          migrations: string[];
          nowUtcMs: number;
          sites: { solver: { placement: string; fault: string | null }; excluded: string | null }[];
          feeds: object[];
        };
        if (path.endsWith('/deployment')) {
          b.migrations = b.migrations.filter((m) => m !== migration);
          b.nowUtcMs += 30 * 3_600_000;
        }
        if (path.endsWith('/sites')) {
          Object.assign(b.sites[0]!.solver, { placement: 'remote-SYD', fault: 'no answer' });
          Object.assign(b.sites[1]!, { excluded: 'its server is down' });
        }
        if (path.endsWith('/feeds')) b.feeds = [{ id: 'open-meteo', fault: 'status 503' }];
        return b;
      }),
    );
    expect(found).toEqual([
      expect.stringMatching(`^fault database D1: lacks 1 of \\d+ migrations: ${migration}$`),
      expect.stringMatching(/^fault cron runs: ran last at /),
      expect.stringMatching(/^fault plan current: plan 1 .*, past its horizon$/),
      `fault solver ${fleet.sites[0]?.id}: no answer`,
      `fault solver ${fleet.sites[1]?.id}: its server is down`,
      'fault feed open-meteo, deployed: status 503',
    ]);
  });

  test('with another registry than here, another token, or nobody there', async () => {
    const other = structuredClone(fleet);
    other.sites[0]!.maxUtilisation = 0.8;
    expect(digestOf(other)).not.toBe(digestOf(fleet));
    expect(wrong(await checks(undefined, adminToken, other))).toContain(
      'fault deployment registry: is another than the one here',
    );
    expect(wrong(await checks(undefined, 'guess'))).toEqual([
      expect.stringMatching(/^fault deployment .*answers 401: wrong or missing admin token$/),
    ]);
    const nobody = await deploymentChecks(fleet, {
      url: 'http://127.0.0.1:9',
      adminToken,
      fetch,
      timeoutMs: 2000,
    });
    expect(wrong(nobody)).toHaveLength(1);
  });
});
