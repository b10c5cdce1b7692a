import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type OutputFile, type Plugin } from 'esbuild';
import type { PublicFleet } from '../core/model/fleet.ts';
import { projectPath, publicFleetPath } from './bundle.ts';
import { coastline } from './coastline.ts';
import { borders, countryNames } from './countries.ts';
import { atlasFor, type Box } from './topology.ts';

/** Where the operator's page is built, for wrangler and the local stack alike. */
export const pageDirectory = projectPath('dist/page');

/** Around the outermost sites and zones, in degrees and as a share of their spread. */
const MARGIN_DEG = 1.5;
const MARGIN_SHARE = 0.06;
/** A map is at least so high beside its width, so that a fleet along a parallel has room for names. */
const LEAST_HEIGHT = 0.4;

/**
 * Builds the page from `src/dashboard` and `public` into {@link pageDirectory}. The same sources give
 * the same files; their names tell their contents, so a browser never mixes two builds.
 * @param fleet whose map it has; absent: that of config/fleet.public.json
 * @returns the folder
 */
export async function buildPage(fleet?: PublicFleet): Promise<string> {
  const map = fleet ?? (JSON.parse(await readFile(publicFleetPath, 'utf8')) as PublicFleet);
  const directory = fleet ? `${pageDirectory}-${digest(fleet)}` : pageDirectory;
  const worker = await built(map, { 'what-if-worker': 'src/dashboard/what-if-worker.ts' });
  const workerName = baseName(worker[0]?.path as string);
  const page = await built(
    map,
    {
      main: 'src/dashboard/main.tsx',
      page: 'src/dashboard/page.css',
      docs: 'src/dashboard/docs.css',
    },
    { WHAT_IF_WORKER: JSON.stringify(`/${workerName}`) },
  );
  const outputs = new Map([...worker, ...page].map((f) => [baseName(f.path), f.contents]));
  const named = (start: string) => [...outputs.keys()].find((n) => n.startsWith(start)) as string;
  const html = (await readFile(projectPath('public/index.html'), 'utf8'))
    .replace('page.css', named('page-'))
    .replace('main.js', named('main-'));
  // The router names it.
  const docs = named('docs-');
  outputs.set('docs.css', outputs.get(docs) as Uint8Array);
  outputs.delete(docs);
  outputs.set('index.html', new TextEncoder().encode(html));
  for (const name of await readdir(projectPath('public'))) {
    if (!outputs.has(name)) outputs.set(name, await readFile(projectPath(`public/${name}`)));
  }
  await replaceFiles(outputs, directory);
  return directory;
}

const digest = (fleet: PublicFleet) =>
  createHash('sha256').update(JSON.stringify(fleet)).digest('hex').slice(0, 16);

async function built(
  fleet: PublicFleet,
  entryPoints: Record<string, string>,
  define: Record<string, string> = {},
): Promise<OutputFile[]> {
  const { outputFiles } = await build({
    absWorkingDir: projectPath('.'),
    entryPoints,
    outdir: pageDirectory,
    entryNames: '[name]-[hash]',
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    define,
    logLevel: 'silent',
    plugins: [mapOf(fleet)],
  });
  return outputFiles;
}

/** Others may be building the same, or serving what is there: files are moved into place whole. */
async function replaceFiles(files: Map<string, Uint8Array>, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  // The page last, which names the others.
  const names = [...files.keys()].sort(
    (a, b) => Number(a === 'index.html') - Number(b === 'index.html'),
  );
  for (const name of names) {
    const draft = projectPath(`dist/${name}.${randomUUID()}`);
    await writeFile(draft, files.get(name) as Uint8Array);
    await rename(draft, join(directory, name));
  }
  for (const name of await readdir(directory)) {
    if (!files.has(name)) await rm(join(directory, name), { force: true });
  }
}

/** `map:fleet` is coasts, borders and countries around a registry's sites and zones. */
const mapOf = (fleet: PublicFleet): Plugin => ({
  name: 'map',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^map:fleet$/ }, ({ path }) => ({ path, namespace: 'map' }));
    onLoad({ filter: /.*/, namespace: 'map' }, async () => {
      const box = boxAround([...fleet.sites, ...fleet.zones]);
      const atlas = await atlasFor(box);
      const map = {
        box,
        rings: coastline(atlas, box),
        borders: borders(atlas, box),
        names: countryNames(atlas, box),
      };
      return { contents: JSON.stringify(map), loader: 'json' };
    });
  },
});

function boxAround(places: { latDeg: number; lonDeg: number }[]): Box {
  const lats = places.map((p) => p.latDeg);
  const lons = places.map((p) => p.lonDeg);
  const [south, north] = [Math.min(...lats), Math.max(...lats)];
  const [west, east] = [Math.min(...lons), Math.max(...lons)];
  const marginDeg = MARGIN_DEG + MARGIN_SHARE * Math.max(north - south, east - west);
  const across = (east - west + 2 * marginDeg) * Math.cos(((south + north) * Math.PI) / 360);
  const upDeg = Math.max(marginDeg, (LEAST_HEIGHT * across - (north - south)) / 2);
  return {
    westDeg: Math.max(-180, west - marginDeg),
    eastDeg: Math.min(180, east + marginDeg),
    southDeg: Math.max(-85, south - upDeg),
    northDeg: Math.min(85, north + upDeg),
  };
}

function baseName(path: string): string {
  return path.slice(path.replaceAll('\\', '/').lastIndexOf('/') + 1);
}
