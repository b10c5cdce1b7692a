/** Prints `N passed, N failed` from vitest's JSON report; exit code 1 when anything failed. */
import { readFile } from 'node:fs/promises';

type Report = {
  success: boolean;
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { name: string; status: string; assertionResults: { status: string }[] }[];
};

/** A file that failed outside its tests (at import, in a hook) counts as one failure. */
export function summarize(report: Report): { line: string; failed: number } {
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  ).length;
  let failed = report.numFailedTests + brokenFiles;
  // An error outside every file, such as an unhandled rejection.
  if (!report.success && failed === 0) failed = 1;
  const skipped = report.numPendingTests + report.numTodoTests;
  const more = skipped > 0 ? `${skipped} skipped\n` : '';
  return { line: `${more}${report.numPassedTests} passed, ${failed} failed`, failed };
}

if (import.meta.main) {
  const [file] = process.argv.slice(2);
  if (file === undefined) throw new Error('usage: test-summary.ts REPORT.json');
  const { line, failed } = summarize(JSON.parse(await readFile(file, 'utf8')));
  console.log(line);
  if (failed > 0) process.exitCode = 1;
}
