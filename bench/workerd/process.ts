import { readdirSync, readFileSync } from 'node:fs';

/** CPU and memory of child processes, from Linux's /proc. */

/** Processes of workerd that this one has started. */
export function workerdPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const status = statusOf(pid);
      return status.PPid === `${process.pid}` && status.Name === 'workerd';
    });
}

/** User and system time of all threads that there are, ms, by the scheduler's count. */
export function cpuMsOf(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  let ns = 0;
  for (const task of readdirSync(tasks)) {
    ns += Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]);
  }
  return ns / 1e6;
}

/** Resident memory: now, and at most so far, MB. */
export function residentMb(pid: number): { now: number; peak: number } {
  const { VmRSS, VmHWM } = statusOf(pid);
  return {
    now: Number.parseInt(VmRSS as string, 10) / 1000,
    peak: Number.parseInt(VmHWM as string, 10) / 1000,
  };
}

/** Empty for a process that has gone. */
function statusOf(pid: number): Record<string, string> {
  try {
    const lines = readFileSync(`/proc/${pid}/status`, 'utf8').trim().split('\n');
    return Object.fromEntries(lines.map((line) => line.split(/:\s*/, 2) as [string, string]));
  } catch {
    return {};
  }
}
