import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { deserialize, serialize } from 'node:v8';
import loadHighs from 'highs';
import type { Instance } from '../../test/core/support/instances.ts';
import { lpText, solveText } from './highs.ts';
import { run } from './run.ts';

/** What a process of its own gets and, where `solve` says so, solves. */
interface Task {
  input: { instance: Instance } | { text: string };
  solve: boolean;
}

export interface PeakMemory {
  memoryMb: number;
  highsMemoryMb?: number;
  memoryRatio?: number;
}

/**
 * Peak resident memory of each solver alone, MB: of a process that solves the instance, less that of
 * one which only reads its input (the problem; for HiGHS its text).
 */
export function peakMemory(instance: Instance, withHighs: boolean): PeakMemory {
  const memoryMb = solvingMb({ instance });
  if (!withHighs) return { memoryMb };
  const highsMemoryMb = solvingMb({ text: lpText(instance) });
  return { memoryMb, highsMemoryMb, memoryRatio: highsMemoryMb / memoryMb };
}

function solvingMb(input: Task['input']): number {
  return peakMb({ input, solve: true }) - peakMb({ input, solve: false });
}

function peakMb(task: Task): number {
  const options = { input: serialize(task), maxBuffer: 1 << 20 };
  const peakKb = execFileSync(process.execPath, [fileURLToPath(import.meta.url)], options);
  return Number(peakKb.toString()) / 1024;
}

async function perform({ input, solve }: Task): Promise<void> {
  const highs = await loadHighs();
  if (solve && 'instance' in input) run(input.instance, {});
  if (solve && 'text' in input) solveText(highs, input.text);
  process.stdout.write(`${process.resourceUsage().maxRSS}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await perform(deserialize(readFileSync(0)) as Task);
}
