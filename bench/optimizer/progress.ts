/** Time between two lines where a line cannot be rewritten. */
const PAUSE_MS = 5000;

let last = Number.NEGATIVE_INFINITY;

/** Says on standard error what is being done: one line rewritten on a terminal, else one now and then. */
export function progress(text: string): void {
  if (process.stderr.isTTY) {
    process.stderr.write(`\r\x1b[2K${text}`);
  } else if (performance.now() - last >= PAUSE_MS) {
    last = performance.now();
    process.stderr.write(`${text}\n`);
  }
}

export function endProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
}
