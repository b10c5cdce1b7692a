import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import fleetJson from '../../config/fleet.json' with { type: 'json' };
import type { Check } from '../../src/cli/doctor/check.ts';
import { emptyFolder, inProcess } from './support/run.ts';

vi.setConfig({ testTimeout: 60_000 });

const closers: (() => void)[] = [];
afterAll(() => {
  for (const close of closers) close();
});

/** Root of a server that answers so. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

/** biome-ignore lint/suspicious/noExplicitAny: registries are changed beyond their type here */
function registry(change: (r: any) => void, sites = 1): string {
  const own = structuredClone(fleetJson);
  own.sites = own.sites.slice(0, sites);
  change(own);
  const path = join(emptyFolder(), 'fleet.json');
  writeFileSync(path, JSON.stringify(own));
  return path;
}

async function report(...args: string[]) {
  const { code, stdout, stderr } = await inProcess(['doctor', '--json', ...args]);
  const { checks, ...rest } = JSON.parse(stdout) as {
    healthy: boolean;
    faults: number;
    warnings: number;
    checks: Check[];
  };
  expect(rest.faults).toBe(checks.filter((c) => c.status === 'fault').length);
  expect(rest.healthy).toBe(rest.faults === 0);
  expect(code).toBe(rest.healthy ? 0 : 1);
  const ends = rest.faults === 1 ? '1 fault\n' : `${rest.faults} faults\n`;
  expect(stderr).toBe(rest.healthy ? '' : `isotherm: ${ends}`);
  for (const check of checks) expect(check.fix === undefined).toBe(check.status === 'ok');
  return { ...rest, checks, of: (area: string) => checks.filter((c) => c.area === area) };
}

describe('isotherm doctor --offline', () => {
  test('finds what the package’s own registry lacks: addresses, regions near its far sites, and nothing else', async () => {
    const { checks, of } = await report('--offline');
    expect(checks.filter((c) => c.status === 'fault').map((c) => c.of)).toEqual(
      fleetJson.sites.map((_, j) => `config/fleet.json: sites[${j}].upstream.baseUrl`),
    );
    const far = checks.filter((c) => c.status === 'warning');
    expect(far.map((c) => c.of)).toEqual(['perth', 'townsville', 'cairns', 'darwin']);
    for (const { found, fix } of far) {
      expect(found).toMatch(
        /^solver asked for at (aws|gcp):\S+, [1-3],\d{3} km from the site, about \d\d ms/,
      );
      expect(fix).toMatch(/^neither AWS nor Google Cloud has a region much nearer/);
    }
    expect(of('generated').map((c) => c.of)).toContain('.dev.vars.example');
    expect(of('upstream')).toEqual([]);
  });

  test('tells a remedy once, after all that it mends', async () => {
    const { stdout } = await inProcess(['doctor', '--offline']);
    const names = fleetJson.sites.map((s) => s.id).join(', ');
    expect(stdout).toContain(
      `registry   ${fleetJson.sites.length} sites: upstream.baseUrl in config/fleet.json is a placeholder (${names})\n`,
    );
    expect(stdout.match(/is a placeholder/g)).toHaveLength(1);
    // What is counted are the faults, not their lines.
    expect(stdout).toMatch(new RegExp(`checks, ${fleetJson.sites.length} faults, `));
    expect(stdout.match(/→ put your server’s address there/g)).toHaveLength(1);
  });

  test('ends with a registry that cannot be read, naming its faults', async () => {
    const path = registry((r) => {
      r.sites[0].latDeg = 95;
      r.zones[0].timeZone = 'Mars';
    });
    const { checks } = await report('--offline', '--fleet', path);
    expect(checks.map((c) => [c.of, c.found])).toEqual([
      [`${path}: zones[0].timeZone`, 'must be an IANA time zone such as Europe/Oslo, is "Mars"'],
      [`${path}: sites[0].latDeg`, 'must be at most 90, is 95'],
    ]);
  });

  test('warns of a solver far from its site, and of a region that nobody knows', async () => {
    const path = registry((r) => {
      for (const site of r.sites) site.upstream.baseUrl = 'https://llm.mine.net';
      r.sites[0].placementRegion = 'aws:us-east-1';
      r.sites[1].placementRegion = 'aws:ap-sotheast-4';
      r.sites[2].placementRegion = 'gcp:australia-southeast1';
    }, 3);
    const { of } = await report('--offline', '--fleet', path);
    const [far, misspelt, google] = of('placement');
    expect(far).toMatchObject({ of: 'sydney', status: 'warning' });
    expect(far?.fix).toMatch(/^aws:ap-southeast-2 is \d km away$/);
    expect(misspelt).toMatchObject({ status: 'warning' });
    expect(misspelt?.fix).toMatch(/spelt right\? the nearest is aws:ap-southeast-4/);
    expect(google?.status).toBe('ok');
  });
});

describe('isotherm doctor', () => {
  test('asks every server for its models, and says what to do about each', async () => {
    const models = JSON.stringify({
      data: [{ id: 'llama-2-70b-chat' }, { id: 'llama-2-70b-code' }],
    });
    const asked: (string | undefined)[] = [];
    const urls = [
      await serve((_, res) => res.end(models)),
      await serve((req, res) => {
        asked.push(req.headers.authorization);
        res.writeHead(req.headers.authorization === 'Bearer good' ? 200 : 401).end(models);
      }),
      await serve((_, res) => res.writeHead(401).end()),
      await serve((_, res) => res.writeHead(302, { location: '/elsewhere' }).end()),
      await serve((_, res) => res.writeHead(404).end()),
      await serve((_, res) => res.end('<html>')),
      await serve((_, res) => res.end(JSON.stringify({ data: [{ id: 'mistral' }] }))),
      await serve(() => {}),
    ];
    const path = registry((r) => {
      urls.forEach((url, j) => {
        r.sites[j].upstream.baseUrl = `${url}/`;
      });
    }, urls.length + 1);
    vi.stubEnv('UPSTREAM_KEY_MELBOURNE', 'good');
    const { of } = await report('--fleet', path, '--timeout-ms', '1500');
    vi.unstubAllEnvs();
    expect(asked).toEqual(['Bearer good']);
    const found = of('upstream').map((c) => [c.of, c.status, c.found, c.fix]);
    const at = (n: number) => `${urls[n]}/v1/models`;
    expect(found).toEqual([
      ['sydney', 'ok', `${at(0)} lists "llama-2-70b-chat", "llama-2-70b-code"`, undefined],
      ['melbourne', 'ok', expect.any(String), undefined],
      [
        'brisbane',
        'fault',
        `${at(2)} answers 401`,
        expect.stringContaining('UPSTREAM_KEY_BRISBANE'),
      ],
      ['perth', 'fault', `${at(3)} redirects (302)`, expect.any(String)],
      ['adelaide', 'fault', `${at(4)} answers 404`, expect.stringContaining('without /v1')],
      ['gold-coast', 'fault', expect.stringContaining('something else'), expect.any(String)],
      [
        'newcastle',
        'fault',
        `${at(6)} lists 1 model, not "llama-2-70b-chat", "llama-2-70b-code"`,
        'upstream.models should name one of "mistral"',
      ],
      ['canberra', 'fault', `${at(7)}: no answer within 1500 ms`, expect.any(String)],
    ]);
    expect(JSON.stringify(found)).not.toContain('good');
    // The last one has a placeholder, which is said once.
    expect(of('registry').filter((c) => c.status === 'fault')).toHaveLength(1);
  });

  test('says which key a live feed lacks', async () => {
    const url = await serve((_, res) => res.end('{"data":[]}'));
    const path = registry((r) => {
      r.sites[0].upstream.baseUrl = url;
      r.feeds = { carbon: { kind: 'electricity-maps' } };
    });
    const { of } = await report('--fleet', path);
    expect(of('feed')).toEqual([
      expect.objectContaining({
        status: 'fault',
        found: 'the secret ELECTRICITY_MAPS_TOKEN is not set',
        fix: expect.stringContaining('wrangler secret put ELECTRICITY_MAPS_TOKEN'),
      }),
    ]);
    expect(of('upstream')[0]?.fix).toBe('the server has no model loaded');
    const files = await report('--fleet', path, '--no-servers');
    expect([...files.of('upstream'), ...files.of('feed')]).toEqual([]);
  });

  test('needs a token for a deployment, and https', async () => {
    const { code, stderr } = await inProcess(['doctor', '--url', 'http://llm.example']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--url: must be https/);
  });
});
