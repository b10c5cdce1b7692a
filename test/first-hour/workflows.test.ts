import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { projectPath } from '../../src/local/bundle.ts';

/** The workflows, by the parser that GitHub's own editor checks them with. */

interface Parser {
  NoOperationTraceWriter: new () => unknown;
  parseWorkflow(
    file: { name: string; content: string },
    trace: unknown,
  ): { value?: unknown; context: { errors: { getErrors(): { message: string }[] } } };
  convertWorkflowTemplate(
    context: unknown,
    value: unknown,
  ): Promise<{ errors?: { Message: string }[] }>;
}

const dir = mkdtempSync(join(tmpdir(), 'isotherm-workflows-'));
let parser: Parser;

beforeAll(async () => {
  // The package imports JSON in a way that no Node version takes; a bundler does.
  const { outputFiles } = await build({
    stdin: {
      contents: "export * from '@actions/workflow-parser'",
      resolveDir: projectPath('.'),
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    write: false,
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  const file = join(dir, 'parser.mjs');
  writeFileSync(file, outputFiles[0]?.contents as Uint8Array);
  parser = await import(pathToFileURL(file).href);
}, 60_000);

afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function faults(name: string, content: string): Promise<string[]> {
  const parsed = parser.parseWorkflow({ name, content }, new parser.NoOperationTraceWriter());
  const found = parsed.context.errors.getErrors().map((e) => e.message);
  if (parsed.value === undefined) return found;
  const { errors = [] } = await parser.convertWorkflowTemplate(parsed.context, parsed.value);
  return [...new Set([...found, ...errors.map((e) => e.Message)])];
}

const folder = projectPath('.github/workflows');
const read = (name: string) => readFileSync(join(folder, name), 'utf8');

test.each(readdirSync(folder))('%s', async (name) => {
  expect(await faults(name, read(name))).toEqual([]);
});

test.each([
  ['a key that there is none of', 'runs-on:', 'run-on:', /Unexpected value 'run-on'/],
  ['a value of another kind', 'timeout-minutes: 45', 'timeout-minutes: long', /'long'/],
  ['an expression that is none', "vars.ISOTHERM_URL != ''", 'vars.ISOTHERM_URL ===', /symbol/],
])('%s would be found', async (_, right, wrong, fault) => {
  const text = read('deploy.yml');
  expect(text).toContain(right);
  const found = await faults('deploy.yml', text.replace(right, wrong));
  expect(found.join('\n')).toMatch(fault);
});
