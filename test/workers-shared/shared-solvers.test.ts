import { env } from 'cloudflare:workers';
import { describe, expect, test } from 'vitest';
import { solverBindingName, solverOf } from '../../src/core/model/solver-name.ts';
import { decodeBatch, encodeBatch } from '../../src/core/optimizer/batch.ts';
import { decodeAnswer, encodeQuery, type RoundQuery } from '../../src/core/planning/round-wire.ts';
import { currentVersion, readPlan } from '../../src/store/plans.ts';
import { fleet } from '../../src/workers/fleet.ts';
import solver from '../../src/workers/site-solver.ts';
import { requestsSeen, setFault } from '../workers/support/faults.ts';
import { runToEnd } from '../workers/support/runs.ts';

/** Forty sites in four solvers, see vitest.config.ts. */
const solvers = [...new Set(fleet.sites.map(solverOf))];
const sitesOf = (name: string) => fleet.sites.filter((s) => solverOf(s) === name).map((s) => s.id);
const [first, second] = solvers as [string, string];

async function currentHeader() {
  const version = (await currentVersion(env.DB)) as number;
  return (await readPlan(env.DB, version))?.header;
}

describe('forty sites in four solvers', () => {
  test('are planned with a certificate, by one request a solver and round', async () => {
    await setFault(first, { kind: 'none' });
    const run = await runToEnd();
    expect(run.status).toBe('published');
    expect(run.rounds.at(-1)?.answered).toBe(40);
    expect(await requestsSeen(first)).toBe(run.rounds.length);
    const header = await currentHeader();
    expect(header?.certificate.gap).toBeLessThanOrEqual(1e-3);
    expect(header?.sites).toHaveLength(40);
    expect(header?.unservedShare).toBeLessThan(1e-9);
  });

  test.each(['nan', 'wrong-round'] as const)(
    '%s of one site is that site’s fault only',
    async (kind) => {
      const site = sitesOf(first)[3] as string;
      await setFault(first, { kind, site });
      const run = await runToEnd();
      expect(run.status).toBe('published');
      for (const round of run.rounds.slice(0, 2)) {
        expect(round.answered).toBe(39);
        expect(round.missing.map((m) => m.site)).toEqual([site]);
      }
      expect((await currentHeader())?.excluded.map((e) => e.site)).toEqual([site]);
    },
  );

  test('a solver that is silent is a fault of all its sites', async () => {
    await setFault(second, { kind: 'timeout', times: 1 });
    const run = await runToEnd();
    const reason = 'no answer within 400 ms';
    expect(run.rounds[0]?.missing).toEqual(sitesOf(second).map((site) => ({ site, reason })));
    expect(run.rounds[0]?.answered).toBe(30);
    expect(run.status).toBe('published');
    expect((await currentHeader())?.excluded).toEqual([]);
  });
});

describe('a batch of queries', () => {
  const site = sitesOf(first)[0] as string;
  const foreign = sitesOf(second)[0] as string;
  const slots = (value: number) => new Float64Array(1).fill(value);
  const totals = (value: number) => new Float64Array(fleet.classes.length).fill(value);

  function query(id: string): Uint8Array {
    const q: RoundQuery = {
      kind: 'query',
      runId: 'run',
      site: id,
      startUtcMs: 0,
      slotCount: 1,
      slotHours: 1,
      prices: fleet.prices,
      query: { round: 1, totals: totals(0.1), prices: totals(0), box: totals(1) },
      surroundings: {
        tempC: slots(20),
        rhPct: slots(50),
        spotAudPerMwh: slots(Number.NaN),
        carbonKgPerKwh: slots(0.5),
        gridWaterLPerKwh: slots(1),
      },
    };
    return encodeQuery(q);
  }

  async function answersOf(fetcher: (request: Request) => Promise<Response>, ids: string[]) {
    const body = encodeBatch(ids.map(query));
    const response = await fetcher(new Request('http://solver/v1/round', { method: 'POST', body }));
    expect(response.status).toBe(200);
    const packets = decodeBatch(new Uint8Array(await response.arrayBuffer()), 'answers');
    return packets.map((packet, n) => () => decodeAnswer(packet, 'run', ids[n] as string));
  }

  test('with one for a site of another solver: that one is refused', async () => {
    const binding = env[solverBindingName(first)] as Fetcher;
    const [own, refused] = await answersOf((request) => binding.fetch(request), [site, foreign]);
    expect(own?.()).toMatchObject({ round: 1, costAud: expect.any(Float64Array) });
    expect(refused).toThrow(`is for site "${foreign}", which is not of this solver`);
  });

  test('one site’s broken variable spoils no other, and is not quoted', async () => {
    const broken = '{"schemaVersion":1,"site":{"secret rate';
    const vars = {
      CLASSES: JSON.stringify(fleet.classes),
      SITE_SITE_0: broken,
      SITE_SITE_1: '{"schemaVersion":1,"site":{}}',
    };
    const direct = (request: Request) =>
      solver.fetch(request as Request<unknown, IncomingRequestCfProperties>, vars);
    const [notJson, noSite] = await answersOf(direct, ['site-0', 'site-1']);
    expect(notJson).toThrow(/^variable SITE_SITE_0: is not JSON$/);
    expect(noSite).toThrow(/^variable SITE_SITE_1: site\./);
  });

  test.each([
    ['nothing', new Uint8Array(0)],
    ['a single packet', query(site)],
    ['a batch cut short', encodeBatch([query(site)]).subarray(0, -1)],
  ])('%s is no batch', async (_, body) => {
    const binding = env[solverBindingName(first)] as Fetcher;
    const response = await binding.fetch('http://solver/v1/round', { method: 'POST', body });
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(/^round queries: /);
  });
});
