import { CommanderError } from 'commander';
import { InvalidInputError } from '../core/model/errors.ts';

/** Exit codes of every command. */
export const exitCode = { ok: 0, failure: 1, usage: 2 } as const;

/** Reports a failure in one line on standard error; returns the exit code it stands for. */
export function reportFailure(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCode.ok;
    // Help shown for want of a command has said all there is to say.
    if (error.code !== 'commander.help') complain(error.message.replace(/^error: /, ''));
    return exitCode.usage;
  }
  complain(error instanceof Error ? error.message : String(error));
  if (process.env.ISOTHERM_DEBUG === '1' && error instanceof Error) console.error(error.stack);
  return error instanceof InvalidInputError ? exitCode.usage : exitCode.failure;
}

function complain(message: string): void {
  process.stderr.write(`isotherm: ${message.trim().replace(/\s*\n\s*/g, ' ')}\n`);
}
