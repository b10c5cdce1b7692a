import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AdminClient } from '../../src/local/admin-client.ts';
import { readFleetFile } from '../../src/local/fleet-file.ts';
import { type SimulatedFleet, startSimulatedFleet } from '../../src/local/simulated-fleet.ts';
import { type LocalStack, startLocalStack } from '../../src/local/stack.ts';
import { inProcess } from './support/run.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const adminToken = 'admin-of-this-test';
let sites: SimulatedFleet;
let stack: LocalStack;

beforeAll(async () => {
  const fleet = await readFleetFile();
  sites = await startSimulatedFleet(fleet);
  stack = await startLocalStack({
    port: 0,
    host: '127.0.0.1',
    fleet,
    upstreamOverrides: sites.urls,
    vars: {
      ADMIN_TOKEN_SHA256: createHash('sha256').update(adminToken).digest('hex'),
      RECEIPT_FLUSH_MS: '0',
    },
    onLog: () => {},
  });
  vi.stubEnv('ISOTHERM_URL', stack.url);
  vi.stubEnv('ISOTHERM_ADMIN_TOKEN', adminToken);
});

afterAll(async () => {
  vi.unstubAllEnvs();
  await stack?.dispose();
  await sites?.close();
});

async function ask(key: string, stream: boolean): Promise<Response> {
  const response = await fetch(`${stack.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({
      model: 'isotherm-chat',
      stream,
      max_tokens: 9,
      messages: [{ role: 'user', content: 'hello' }],
    }),
  });
  await response.text();
  return response;
}

describe('a key’s life from the command line', () => {
  let id: string;
  let key: string;

  it('is made, and opens the deployment', async () => {
    const made = await inProcess(['keys', 'create', '--name', 'tests', '--requests', '100']);
    expect(made.code).toBe(0);
    key = made.stdout.trim();
    id = key.split('-')[2] as string;
    expect(made.stderr).toContain(id);
    const response = await ask(key, false);
    expect(response.status).toBe(200);
    expect(response.headers.get('x-ratelimit-limit-requests')).toBe('100');
    await ask(key, true);
  });

  it('has receipts, as table, JSON and CSV', async () => {
    const query = ['receipts', '--key', id, '--by', 'key,model'];
    await vi.waitFor(async () => {
      const { stdout } = await inProcess([...query, '--format', 'json']);
      const [sums] = (JSON.parse(stdout) as { usage: Record<string, number>[] }).usage;
      expect(sums).toMatchObject({ key: id, requests: 2, completionTokens: 18, estimated: 0 });
    }, 10_000);
    const { stdout: csv } = await inProcess([...query, '--format', 'csv']);
    expect(csv.split('\r\n')[1]).toMatch(new RegExp(`^${id},isotherm-chat,2,0,2,`));
    const { stdout: shown } = await inProcess(query);
    expect(shown).toContain(id);
    expect(shown).toContain('unknown');
    // Two requests take less than a kWh by far: nothing of theirs is shown as nothing.
    const row = shown.split('\n').find((l) => l.includes(id)) as string;
    expect(shown).toMatch(/Wh +g +mL/);
    expect(row).not.toMatch(/ 0\.0+(?: |$)/);
  });

  it('is listed, then revoked', async () => {
    const { stdout } = await inProcess(['keys', 'list']);
    expect(stdout).toContain(id);
    expect(stdout).not.toContain(key);
    expect((await inProcess(['keys', 'revoke', id])).code).toBe(0);
    const { stdout: after } = await inProcess(['keys', 'list', '--json']);
    expect((JSON.parse(after) as { revoked: string | null }[])[0]?.revoked).toBeTruthy();
    await vi.waitFor(async () => expect((await ask(key, false)).status).toBe(401), {
      timeout: 20_000,
      interval: 500,
    });
  });
});

describe('a site of the deployment', () => {
  const siteOf = async () => {
    const { stdout } = await inProcess(['keys', 'create', '--name', 'sites', '--class', 'chat']);
    return async () => (await ask(stdout.trim(), false)).headers.get('x-isotherm-site');
  };

  it('is drained, which routers hear of, and taken back', async () => {
    const site = await siteOf();
    const nearest = (await site()) as string;
    const drained = await inProcess(['sites', 'drain', nearest, '--reason', 'a new chiller']);
    expect(drained).toMatchObject({ code: 0, stdout: `Site ${nearest} is drained.\n`, stderr: '' });
    expect(await site()).not.toBe(nearest);
    const { stdout: list } = await inProcess(['sites', 'list']);
    expect(list).toMatch(new RegExp(`^${nearest} +drained +– +up`, 'm'));
    const back = await inProcess(['sites', 'undrain', nearest]);
    expect(back.stdout).toBe(`Site ${nearest} is active.\n`);
    expect(await site()).toBe(nearest);
  });

  it('is limited to a share of its capacity, and has all of it again', async () => {
    const limited = await inProcess(['sites', 'limit', 'perth', '0.25', '--author', 'tests']);
    expect(limited.stdout).toBe('Site perth is active, limited to 25.0 % of its capacity.\n');
    const { stdout } = await inProcess(['sites', 'list', '--json']);
    const listed = JSON.parse(stdout) as { id: string; override: object | null }[];
    expect(listed.find((s) => s.id === 'perth')?.override).toEqual({ capacityShare: 0.25 });
    const whole = await inProcess(['sites', 'limit', 'perth', '1']);
    expect(whole.stdout).toBe('Site perth is active.\n');
  });
});

describe('what it refuses', () => {
  it.each([
    ['an unknown key', ['keys', 'revoke', 'nobody'], 1, 'no key has the id "nobody"'],
    ['a model nobody serves', ['keys', 'create', '--name', 'x', '--model', 'gpt-9'], 1, 'gpt-9'],
    ['a token in the clear', ['keys', 'list', '--url', 'http://llm.example'], 2, 'must be https'],
    ['no limit at all', ['keys', 'create', '--name', 'x', '--requests', '0'], 2, 'whole number'],
    [
      'a budget that would count nothing',
      ['keys', 'create', '--name', 'x', '--budget-aud', '5'],
      1,
      'would bind nothing',
    ],
    [
      'a site that is not there',
      ['sites', 'drain', 'atlantis'],
      1,
      'no site has the id "atlantis"',
    ],
    ['a limit of nothing', ['sites', 'limit', 'perth', '0'], 2, 'from 0.01 to 1'],
    ['sums by nothing known', ['receipts', '--by', 'colour'], 1, 'by'],
  ])('%s', async (_, args, code, words) => {
    const outcome = await inProcess(args);
    expect(outcome.code).toBe(code);
    expect(outcome.stderr).toContain(words);
  });
});

// The last one: what comes before wants no plan.
describe('the rounds of a deployment', () => {
  it('are shown, and exported, of the latest run and of a stored plan', async () => {
    const none = await inProcess(['runs']);
    expect(none).toMatchObject({ code: 0, stdout: 'No optimization yet.\n' });
    const unmade = await inProcess(['runs', '--plan', '1']);
    expect(unmade).toMatchObject({ code: 2, stderr: expect.stringContaining('to be made first') });
    const admin = new AdminClient(stack.url, adminToken);
    await admin.optimize();
    await vi.waitFor(async () => expect((await admin.latestRun()).status).toBe('published'), {
      timeout: 40_000,
      interval: 250,
    });
    const shown = (await inProcess(['runs'])).stdout;
    expect(shown).toMatch(/^\S+Z +admin +plan 1 +\d+ +0\.\d+ % +[\d,]+$/m);
    expect(shown).toMatch(/^ +1 +learned .* 14 .*[a-z]$/m);
    const { latest } = JSON.parse((await inProcess(['runs', '--json'])).stdout);
    const csv = (await inProcess(['runs', '--csv', '-'])).stdout.trim().split('\n');
    expect(csv).toHaveLength(latest.rounds.length + 1);
    expect(csv[1]).toMatch(/sydney: \d+; /);
    const ofPlan = (await inProcess(['runs', '--plan', '1', '--csv', '-'])).stdout.split('\n');
    // The same but for the sites' single times.
    const brief = (line: string) => line.slice(0, line.lastIndexOf(','));
    expect(ofPlan.slice(0, csv.length).map(brief)).toEqual(csv.map(brief));
    const beyond = await inProcess(['runs', '--plan', '99']);
    expect(beyond).toMatchObject({ code: 2, stderr: expect.stringContaining('expected 1 to 1') });
  });
});
