import { run } from './program.ts';

/** Entry of the command line: `bin/isotherm.mjs` loads this module, which runs the command. */

// `isotherm plan | head -1` closes the pipe early; that is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit();
    throw error;
  });
}

process.exitCode = await run(process.argv);
