import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import OpenAI from 'openai';
import { expect, test } from 'vitest';
import type { Fleet } from '../../src/core/model/fleet.ts';
import { projectPath } from '../../src/local/bundle.ts';
import { readFleetFile } from '../../src/local/fleet-file.ts';
import { bin, emptyFolder, isotherm } from '../cli/support/run.ts';

/** The sites of every example, from their table to an answer through the OpenAI SDK. */

const folder = projectPath('examples');
const examples = readdirSync(folder, { withFileTypes: true })
  .filter((e) => e.isDirectory())
  .map((e) => e.name);

/** Runs `isotherm start` until what it says last, does something, and ends it as Ctrl-C does. */
async function started(args: string[], use: (output: string) => Promise<void>): Promise<number> {
  const child = spawn(process.execPath, [bin, 'start', ...args], { cwd: emptyFolder() });
  let output = '';
  const ended = new Promise<number>((resolve) => {
    child.on('close', (code) => resolve(code ?? -1));
  });
  const ready = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
        if (output.includes('Ctrl-C ends everything')) resolve();
      });
    }
  });
  try {
    const early = await Promise.race([ready, ended]);
    if (early !== undefined) throw new Error(`ended with ${early}: ${output}`);
    await use(output);
  } finally {
    child.kill('SIGINT');
  }
  return ended;
}

async function askedThroughSdk(output: string, fleet: Fleet): Promise<void> {
  const given = (name: string) => new RegExp(`${name}=(\\S+)`).exec(output)?.[1];
  const client = new OpenAI({
    baseURL: given('OPENAI_BASE_URL'),
    apiKey: given('OPENAI_API_KEY'),
    maxRetries: 0,
  });
  const { data, response } = await client.chat.completions
    .create({
      model: fleet.classes[0]?.model as string,
      max_tokens: 8,
      messages: [{ role: 'user', content: 'Where is it cool today?' }],
    })
    .withResponse();
  expect(data.usage?.completion_tokens).toBe(8);
  expect(response.headers.get('x-isotherm-plan')).toBe('1');
  const site = response.headers.get('x-isotherm-site');
  expect(fleet.sites.map((s) => s.id)).toContain(site);
  expect(data.choices[0]?.message.content).toContain(site);
}

test.each(examples)('%s: made, planned, started, asked', async (name) => {
  const out = join(emptyFolder(), 'my-sites.json');
  const made = await isotherm(['init', '--csv', join(folder, name, 'sites.csv'), '--out', out]);
  expect(made).toMatchObject({ code: 0, stderr: '' });
  const planned = await isotherm(['plan', '--fleet', out, '--json']);
  expect(JSON.parse(planned.stdout)).toMatchObject({ stopReason: 'gap' });
  const fleet = await readFleetFile(out);
  const code = await started(['--fleet', out, '--port', '0', '--traffic', '5'], (output) =>
    askedThroughSdk(output, fleet),
  );
  expect(code).toBe(130);
});
