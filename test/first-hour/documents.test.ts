import { execFile, execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AdminClient } from '../../src/local/admin-client.ts';
import { projectPath } from '../../src/local/bundle.ts';
import { readFleetFile } from '../../src/local/fleet-file.ts';
import { type SimulatedFleet, startSimulatedFleet } from '../../src/local/simulated-fleet.ts';
import { type LocalStack, startLocalStack } from '../../src/local/stack.ts';
import { shellBlocks } from '../docs/support/shell-blocks.ts';
import { key, sha256 } from '../e2e/support/gateway.ts';
import {
  archivedWeather,
  forecastWeather,
  networkEmissions,
  priceAndDemand,
} from '../feeds/support/archives.ts';
import { type Answer, playUpstream } from '../feeds/support/upstream.ts';
import { freshClone } from './support/clone.ts';
import { writeSeries } from './support/series.ts';

/**
 * Blocks marked `sh long` as a shell runs them, in a fresh clone, beside a deployment on this machine and
 * sources of data that are played, over series that are made up.
 */

/** Commands that are not run here, and why. Their options are held against what there is by test/docs. */
const ELSEWHERE: [command: RegExp, why: string][] = [
  [/^npm ci && npm (start|test)$/, 'this is npm test; test/cli/start.test.ts starts it all'],
  [/^npx isotherm start /, 'examples.test.ts'],
  [/^npx isotherm init --force$/, 'deploy.test.ts'],
  [/^(npx wrangler|npm run deploy)\b/, 'an account; deploy.test.ts, backup.test.ts go without'],
];

const clone = freshClone();
// The folder of the documents, with what they take for granted in it.
writeSeries(join(clone, 'DIR'));
/** The public sources of series and forecasts; the command line of the scripts is led here. */
const sources = playUpstream();
sources.answer = (request, response) => {
  const answers: Record<string, Answer> = {
    'archive-api.open-meteo.com': archivedWeather(),
    'api.open-meteo.com': forecastWeather,
    'aemo.com.au': priceAndDemand,
    'api.openelectricity.org.au': networkEmissions,
  };
  const answer = answers[new URL(request.headers['x-meant-for'] as string).hostname];
  if (answer === undefined) response.writeHead(500).end();
  else answer(request, response);
};
let sites: SimulatedFleet;
let stack: LocalStack;

beforeAll(async () => {
  const fleet = await readFleetFile(projectPath('config/fleet.json'));
  sites = await startSimulatedFleet(fleet);
  stack = await startLocalStack({
    port: 0,
    host: '127.0.0.1',
    fleet,
    upstreamOverrides: sites.urls,
    onLog: () => {},
    vars: { ADMIN_TOKEN_SHA256: sha256('admin'), CLIENT_KEYS_SHA256: sha256(key) },
  });
  const admin = new AdminClient(stack.url, 'admin');
  await admin.optimize();
  for (let n = 0; n < 1000 && (await admin.latestRun()).status === 'running'; n++) await sleep(50);
}, 120_000);

afterAll(async () => {
  await stack?.dispose();
  await sites?.close();
  rmSync(clone, { recursive: true, force: true });
});

/** What a reader puts in, and what makes a command shorter. */
function filledIn(text: string): string {
  return (
    text
      .replaceAll(/https:\/\/(llm\.example|isotherm\.YOUR-SUBDOMAIN\.workers\.dev)/g, stack.url)
      .replace('$(openssl rand -hex 32)', 'admin')
      .replace('npx wrangler secret put ADMIN_TOKEN_SHA256', 'tee admin.sha256')
      .replace('init --out my-sites.json', 'init --csv examples/vllm/sites.csv --out my-sites.json')
      .replace('runs --plan 12', 'runs --plan 1')
      .replace('pareto --x', 'pareto --points 2 --x')
      // Three days in place of a year, and a twentieth of the requests.
      .replace('--year 2022', '--from 2022-01-20 --to 2022-01-23 --every 1 --resamples 50')
      .replace('--at 2026-01-15T00:00Z   #', '--at 2026-01-15T00:00Z --demand 0.05   #')
      .replace('http://127.0.0.1:8787', stack.url)
  );
}

/** The long blocks of a document, and calls of a router, as one script: a session at the shell, from its top to its end. */
function scriptOf(file: string): { script: string; left: string[] } {
  const left: string[] = [];
  const lines = shellBlocks(file, readFileSync(projectPath(file), 'utf8'))
    .filter(({ info, text }) => info === 'long' || (info === '' && text.startsWith('curl')))
    .flatMap(({ text }) => filledIn(text).trimEnd().split('\n'))
    .filter((line) => {
      const command = line.replace(/ +#.*$/, '');
      if (!ELSEWHERE.some(([pattern]) => pattern.test(command))) return true;
      left.push(command);
      return false;
    })
    // Placeholders among the addresses are faults; a doctor that fails itself ends otherwise.
    .map((line) => line.replace(/^(npx isotherm doctor[^#]*)/, '$1 || [ $? = 1 ] '));
  return { script: lines.join('\n'), left };
}

function shell(script: string, given: object): Promise<{ code: number; output: string }> {
  const prelude = 'curl() { command curl -sS --fail-with-body "$@"; }';
  const { ISOTHERM_URL: _, ISOTHERM_ADMIN_TOKEN: __, ...rest } = process.env;
  const env = {
    ...rest,
    KEY: key,
    NO_COLOR: '1',
    NODE_OPTIONS: `--import=${pathToFileURL(projectPath('test/first-hour/support/sources-fetch.mjs'))}`,
    ISOTHERM_TEST_SOURCES: sources.origin(),
    OPENELECTRICITY_API_KEY: 'a key',
    ...given,
  };
  const args = ['-eux', '-o', 'pipefail', '-c', `${prelude}\nexec 2>&1\n${script}`];
  return new Promise((resolve) => {
    execFile('bash', args, { cwd: clone, env, maxBuffer: 1e8 }, (error, stdout) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout });
    });
  });
}

/** How many lines are run at least, and what has to be in the output besides that all end well. */
const SHOWN: [file: string, lines: number, output: RegExp[]][] = [
  [
    'README.md',
    8,
    [
      /^3 sites: wrote my-sites\.json/m,
      /^x-isotherm-site: \w+/m,
      /^ok +deployment +registry: is the one here/m,
      new RegExp(`^${sha256('admin')}$`, 'm'),
    ],
  ],
  [
    'docs/cli.md',
    12,
    [
      /^ok +deployment +registry: is the one here/m,
      /^- all sites: weather is Open-Meteo forecast/m,
      /^16 files in DIR: 16 fetched, 0 were there\.$/m,
      /^Backtest of australia-14: 14 sites, 2025-01-06T00:00Z to 2025-01-13T00:00Z/m,
      /^Replay of [\d,]+ requests/m,
      /^Forecasts cost [^ ]+ % of the objective/m,
      /^Hottest day of 2022: \w+, the busiest site, is lost at 2022-01-21T/m,
      /^sk-iso-\w+-\w+$/m,
      /^Rounds of plan 1, /m,
      /^Shadow price /m,
    ],
  ],
  ['docs/operate.md', 3, [/^Site perth is active/m]],
  [
    'docs/deploy.md',
    7,
    [
      new RegExp(`^${sha256('admin')}$`, 'm'),
      /"trigger":"admin","status":"running"/,
      /^ok +deployment +registry: is the one here/m,
      /^sk-iso-\w+-\w+$/m,
      /^data: \[DONE\]/m,
    ],
  ],
  ['docs/data-format.md', 2, [/^weather_darwin_2025-03\.csv/m, /^- no faults$/m]],
  ['docs/evidence.md', 1, [/report --data DIR/]],
  ['docs/model.md', 2, [/^gap .*the gap asked for/m, /digest/]],
];

test.each(SHOWN)('%s', async (file, lines, output) => {
  const { script } = scriptOf(file);
  expect(script.split('\n').length).toBeGreaterThanOrEqual(lines);
  // deploy.md sets them itself; the others say that they are to be set.
  const given =
    file === 'docs/deploy.md' ? {} : { ISOTHERM_URL: stack.url, ISOTHERM_ADMIN_TOKEN: 'admin' };
  const ended = await shell(script, given);
  expect(ended.code, ended.output).toBe(0);
  for (const words of output) expect(ended.output).toMatch(words);
});

test('every document with long blocks is among these, or has nothing to run', () => {
  const told = new Set(SHOWN.map(([file]) => file));
  const files = execFileSync('git', ['ls-files', '*.md'], {
    cwd: projectPath('.'),
    encoding: 'utf8',
  });
  const others = files
    .trim()
    .split('\n')
    .filter((file) => !told.has(file));
  expect(others).toContain('examples/europe/README.md');
  for (const file of others) expect(scriptOf(file).script, file).toBe('');
});
