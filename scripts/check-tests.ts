/**
 * The tests, as part of `npm run check`, or those of the documents (`npm run test:docs`). They are written for the package's registry: where sites of
 * one's own have taken its place they are left out, and it says so.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectPath } from '../src/local/bundle.ts';
import { defaultFleetPath, readFleetFile, readText } from '../src/local/fleet-file.ts';
import { isPackageRegistry } from '../src/local/package-registry.ts';

async function main(): Promise<number> {
  if (!isPackageRegistry(await readText(defaultFleetPath))) {
    const { name, sites } = await readFleetFile();
    console.log(
      `config/fleet.json is a registry of your own ("${name}", sites: ${sites.length}), and valid. The tests are ` +
        'left out: they are of the code, and written for the registry it comes with. npm run dry-run ' +
        'builds your Workers.',
    );
    return 0;
  }
  const vitest = join(projectPath('node_modules'), 'vitest/vitest.mjs');
  const { status } = spawnSync(process.execPath, [vitest, 'run', ...process.argv.slice(2)], {
    cwd: projectPath('.'),
    stdio: 'inherit',
  });
  return status ?? 1;
}

process.exitCode = await main();
