import { readdirSync, readFileSync } from 'node:fs';

/** CPU and memory of child processes, from Linux's /proc. */

const TICKS_PER_S = 100;

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

/** User and system time, ms, to 10 ms. */
export function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Fields after the name, which is in parentheses; 14 and 15 are utime and stime.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_S;
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
