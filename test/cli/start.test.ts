import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { bin, emptyFolder, inProcess, isotherm } from './support/run.ts';

vi.setConfig({ testTimeout: 180_000 });

const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGTERM');
});

/** The launcher of a system that is starting, and a wait for words in what it prints. */
function start(...args: string[]) {
  const child = spawn(process.execPath, [bin, 'start', '--port', '0', ...args], {
    cwd: emptyFolder(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  const printed = async (words: string) => {
    while (!output.includes(words)) {
      if (child.exitCode !== null) throw new Error(output);
      await sleep(20);
    }
    return output;
  };
  return { child, printed, exit: once(child, 'exit') };
}

const urlIn = (output: string) => /curl -N (http:\/\/[\d.]+:\d+)/.exec(output)?.[1] as string;

/** Resolves once nobody listens any more. */
async function silence(url: string): Promise<void> {
  for (;;) {
    try {
      await fetch(`${url}/healthz`);
    } catch {
      return;
    }
    await sleep(50);
  }
}

/** The site that answers the request printed as an example. */
async function answering(output: string): Promise<string | null> {
  const [, key] = /Bearer (sk-\S+)'/.exec(output) as RegExpExecArray;
  const [, body] = /-d '(\{"model".*\})'/.exec(output) as RegExpExecArray;
  const response = await fetch(`${urlIn(output)}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body,
  });
  await response.text();
  return response.headers.get('x-isotherm-site');
}

describe('isotherm start', () => {
  it('opens the page, with requests flowing, a clock that runs ahead and a failure that can be seen, and ends with all it started when killed', async () => {
    const opened = join(emptyFolder(), 'opened');
    const browser = `${opened}.sh`;
    writeFileSync(browser, `#!/bin/sh\necho "$1" > ${opened}\n`, { mode: 0o755 });
    vi.stubEnv('BROWSER', browser);
    const flags = ['--open', '--traffic', '5', '--speed', '2'];
    const { child, printed } = start('--at', '2026-01-15T10:00+10:00', ...flags);
    vi.unstubAllEnvs();
    const output = await printed('Ctrl-C ends everything.');
    expect(output).toContain('24 hours from 2026-01-15T00:00Z');
    expect(output).toMatch(/^hobart .* 0\.150\*/m);
    expect(output).toContain('* placeholder, see the notes.');
    expect(output).toMatch(/^- carbon is a placeholder/m);
    expect(output).toMatch(/^- demand is a model/m);
    // At once: later on the made-up requests may have changed what the router thinks of a site.
    const [, site] = /^Make (\S+) refuse/m.exec(output) as RegExpExecArray;
    expect(await answering(output)).toBe(site);
    const url = urlIn(output);
    await expect.poll(() => existsSync(opened) && readFileSync(opened, 'utf8')).toBe(`${url}/\n`);
    const [, token] = /Bearer (admin-\w+)'/.exec(output) as RegExpExecArray;
    expect(output).toContain(
      `The page, signed in for this run: ${url}/#token=${token}\nAll calls: ${url}/docs\n`,
    );
    const admin = (path: string) =>
      fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
    const clockMs = async () => {
      const { nowUtcMs } = (await (await admin('/admin/v1/deployment')).json()) as {
        nowUtcMs: number;
      };
      return { system: nowUtcMs, wall: Date.now() };
    };
    const before = await clockMs();
    const wellAnswered = async () => {
      const lines = (await (await admin('/metrics')).text()).matchAll(
        /^isotherm_requests_total\{.*"ok"\} (\d+)$/gm,
      );
      return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
    };
    await expect.poll(wellAnswered, { timeout: 30_000 }).toBeGreaterThan(2);
    const after = await clockMs();
    expect((after.system - before.system) / (after.wall - before.wall)).toBeGreaterThan(1.5);
    const [, fault] = /curl (\S+\/__fault)/.exec(output) as RegExpExecArray;
    await fetch(fault as string, { method: 'POST', body: '{"kind":"refuse"}' });
    expect(await answering(output)).not.toBe(site);

    child.kill('SIGKILL');
    await silence(urlIn(output));
    await silence(fault as string);
  });

  it('exits with 130 at Ctrl-C while it starts', async () => {
    for (const delayMs of [0, 300]) {
      const { child, printed, exit } = start();
      await printed('Starting');
      await sleep(delayMs);
      child.kill('SIGINT');
      expect(await exit).toEqual([130, null]);
    }
  });

  it('looks at port and folder before it starts anything', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    expect(await isotherm(['start', '--port', `${port}`])).toEqual({
      code: 1,
      stdout: '',
      stderr: `isotherm: port ${port} is in use; choose another with --port\n`,
    });
    server.close();
    for (const file of [bin, `${bin}/data`]) {
      expect(await isotherm(['start', '--port', '0', '--persist', file])).toEqual({
        code: 2,
        stdout: '',
        stderr: `isotherm: --persist: "${file}" is not a folder\n`,
      });
    }
  });

  it('says what --data does without weather', async () => {
    expect((await inProcess(['start', '--help'])).stdout.replace(/\s+/g, ' ')).toContain(
      'sites without weather there stay, on mean climate',
    );
  });
});
