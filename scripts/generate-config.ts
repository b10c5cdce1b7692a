/**
 * Writes what follows from config/fleet.json. `--check` writes nothing and fails when a file differs.
 */
import { writeFile } from 'node:fs/promises';
import { projectPath } from '../src/local/bundle.ts';
import { readFleetFile } from '../src/local/fleet-file.ts';
import { fleetFile, generatedFiles } from '../src/local/generated.ts';

async function main(args: string[]): Promise<number> {
  const unknown = args.filter((arg) => arg !== '--check');
  if (unknown.length > 0) {
    console.error(`unknown argument ${unknown[0]}; usage: generate-config.ts [--check]`);
    return 2;
  }
  const fleet = await readFleetFile(projectPath(fleetFile));
  const drifted = (await generatedFiles(fleet)).filter(({ found, wanted }) => found !== wanted);
  for (const { path, wanted } of drifted) {
    if (args.includes('--check')) {
      console.error(`${path} differs from what ${fleetFile} implies; run: npm run generate`);
    } else {
      await writeFile(projectPath(path), wanted);
      console.log(`wrote ${path}`);
    }
  }
  if (drifted.length === 0)
    console.log(`generated files match ${fleetFile} (${fleet.sites.length} sites)`);
  return args.includes('--check') && drifted.length > 0 ? 1 : 0;
}

if (import.meta.main) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
