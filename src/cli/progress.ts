/** Progress on standard error: a bar at a terminal, else lines if asked for, else nothing. */
export interface Progress {
  /** @param share done, 0 to 1 */
  update(label: string, share: number): void;
  done(): void;
}

const BAR_WIDTH = 30;
const REDRAW_MS = 100;

export function stderrIsTerminal(): boolean {
  return process.stderr.isTTY === true && process.env.TERM !== 'dumb';
}

/** @param plainLines where there is no terminal, a line at every 10 % */
export function startProgress(plainLines: boolean): Progress {
  if (stderrIsTerminal()) return bar();
  return plainLines ? lines() : { update() {}, done() {} };
}

function bar(): Progress {
  let drawnMs = Number.NEGATIVE_INFINITY;
  return {
    update(label, share) {
      const nowMs = performance.now();
      if (nowMs - drawnMs < REDRAW_MS && share < 1) return;
      drawnMs = nowMs;
      const filled = Math.round(share * BAR_WIDTH);
      const percent = `${Math.floor(share * 100)}`.padStart(3);
      const cells = '#'.repeat(filled) + '.'.repeat(BAR_WIDTH - filled);
      process.stderr.write(`\r\x1b[2K[${cells}] ${percent} %  ${label}`);
    },
    done() {
      process.stderr.write('\r\x1b[2K');
    },
  };
}

function lines(): Progress {
  let next = 10;
  return {
    update(label, share) {
      const percent = Math.floor(share * 100 + 1e-9);
      if (percent < next) return;
      process.stderr.write(`${percent} % (${label})\n`);
      next = Math.floor(percent / 10) * 10 + 10;
    },
    done() {},
  };
}
