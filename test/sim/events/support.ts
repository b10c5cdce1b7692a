import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomOf } from '../../../src/sim/events/random.ts';

/** A folder with a file of some lines; returns the folder. */
export function folderWith(files: Record<string, readonly string[]>): string {
  const dir = mkdtempSync(join(tmpdir(), 'isotherm-events-'));
  for (const [name, lines] of Object.entries(files)) {
    writeFileSync(join(dir, name), `${lines.join('\n')}\n`);
  }
  return dir;
}

/** Five minutes of made-up requests, two a second on average, in bursts. */
export function traceLines(seed: number, inputTokens: number, outputTokens: number): string[] {
  const random = randomOf(seed, 'trace');
  const times = Array.from({ length: 600 }, () => 300 * random() ** 1.5).sort((a, b) => a - b);
  return [
    't_s,input_tokens,output_tokens',
    ...times.map((t) => {
      const share = 0.2 + 1.6 * random();
      return [t.toFixed(3), Math.ceil(share * inputTokens), Math.ceil(share * outputTokens)].join();
    }),
  ];
}
