import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { deserialize, serialize } from 'node:v8';
import loadHighs from 'highs';
import type { Instance } from '../../test/core/support/instances.ts';
import { lpText, solveText } from './highs.ts';
import { run } from './run.ts';

/** What a process of its own solves. */
type Task = { instance: Instance } | { text: string };

export interface PeakMemory {
  memoryMb: number;
  highsMemoryMb?: number;
  memoryRatio?: number;
}

/**
 * Peak resident memory of each solver alone, MB: of a process that reads its input and solves it, less
 * what it holds before solving. An upper bound, since the peak may be that of loading the modules.
 */
export function peakMemory(instance: Instance, withHighs: boolean): PeakMemory {
  const memoryMb = solvingMb({ instance });
  if (!withHighs) return { memoryMb };
  const highsMemoryMb = solvingMb({ text: lpText(instance) });
  return { memoryMb, highsMemoryMb, memoryRatio: highsMemoryMb / memoryMb };
}

function solvingMb(task: Task): number {
  const options = { input: serialize(task), maxBuffer: 1 << 20 };
  const bytes = execFileSync(process.execPath, [fileURLToPath(import.meta.url)], options);
  return Number(bytes.toString()) / 2 ** 20;
}

async function perform(task: Task): Promise<void> {
  const highs = await loadHighs();
  const before = process.memoryUsage.rss();
  if ('text' in task) solveText(highs, task.text);
  else run(task.instance, {});
  process.stdout.write(`${peakBytes() - before}`);
}

/**
 * Linux: of this process's own address space. The maxRSS of getrusage also counts the parent's, in which
 * a spawned process begins.
 */
function peakBytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  const kb = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  return Number(kb) * 1024;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await perform(deserialize(readFileSync(0)) as Task);
}
