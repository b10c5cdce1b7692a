import { CommanderError } from 'commander';
import { InvalidInputError } from '../core/model/errors.ts';

/** Exit codes of every command. */
export const exitCode = { ok: 0, failure: 1, usage: 2 } as const;

/**
 * Reports a failure on standard error, in one line, or with a line for each of several faults of what a
 * user gave. Returns the exit code it stands for.
 */
export function reportFailure(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return exitCode.ok;
    // Help shown for want of a command has said all there is to say.
    if (error.code !== 'commander.help') complain(error.message.replace(/^error: /, ''));
    return exitCode.usage;
  }
  if (error instanceof InvalidInputError && error.issues.length > 1) {
    complain(`${error.what}: ${error.issues.length} faults`);
    for (const issue of error.issues) process.stderr.write(`  ${oneLine(issue)}\n`);
  } else complain(error instanceof Error ? error.message : String(error));
  if (process.env.ISOTHERM_DEBUG === '1' && error instanceof Error) console.error(error.stack);
  return error instanceof InvalidInputError ? exitCode.usage : exitCode.failure;
}

function complain(message: string): void {
  process.stderr.write(`isotherm: ${oneLine(message)}\n`);
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ');
}
