import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

/** Builds Workers for local runs and tests, much as wrangler does for a deployment. */

/** Path of a file of the project. */
export function projectPath(relative: string): string {
  return join(import.meta.dirname, '../..', relative);
}

/** The registry in the router's bundle. */
export const publicFleetPath = projectPath('config/fleet.public.json');

/**
 * One ES module with everything a Worker imports, but for the runtime's own modules.
 * @param jsonFiles contents in place of those of JSON files, by their path
 */
export async function bundleWorker(
  entryPoint: string,
  jsonFiles: Record<string, unknown> = {},
): Promise<string> {
  const result = await build({
    entryPoints: [projectPath(entryPoint)],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2024',
    platform: 'neutral',
    mainFields: ['browser', 'module', 'main'],
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'node:*'],
    sourcemap: 'inline',
    sourcesContent: false,
    logLevel: 'silent',
    plugins: [replacedJson(jsonFiles)],
  });
  const [output] = result.outputFiles;
  if (output === undefined) throw new Error(`esbuild wrote nothing for ${entryPoint}`);
  return output.text;
}

/** The runtime's behaviour the router is deployed with; solvers share the date. */
export async function compatibility(): Promise<{ date: string; flags: string[] }> {
  const toml = await readFile(projectPath('wrangler.toml'), 'utf8');
  const date = toml.match(/^compatibility_date = "(.*)"$/m)?.[1];
  if (date === undefined) throw new Error('wrangler.toml: no compatibility_date line');
  const flags = toml.match(/^compatibility_flags = (\[.*\])$/m)?.[1];
  return { date, flags: flags === undefined ? [] : (JSON.parse(flags) as string[]) };
}

function replacedJson(files: Record<string, unknown>): Plugin {
  return {
    name: 'replaced-json',
    setup: ({ onLoad }) => {
      onLoad({ filter: /\.json$/ }, ({ path }) =>
        path in files ? { contents: JSON.stringify(files[path]), loader: 'json' } : undefined,
      );
    },
  };
}
