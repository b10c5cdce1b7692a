import { existsSync, readdirSync, readFileSync } from 'node:fs';

/**
 * CPU time a process has used so far, ms, by the scheduler's own count; undefined where there is no
 * /proc. It is far steadier than wall time on a machine that does other things as well.
 */
export function cpuMs(pid: number): number | undefined {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return undefined;
  let ns = 0;
  for (const task of readdirSync(tasks)) {
    ns += Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]);
  }
  return ns / 1e6;
}

/** Resident memory of a process, MB; undefined where there is no /proc. */
export function residentMb(pid: number): number | undefined {
  const status = `/proc/${pid}/status`;
  if (!existsSync(status)) return undefined;
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(status, 'utf8'))?.[1]) / 1024;
}

/** The process of that name that this one has begun, or that such a one has. */
export function descendant(name: string, of = process.pid): number | undefined {
  if (!existsSync(`/proc/${of}/task`)) return undefined;
  for (const task of readdirSync(`/proc/${of}/task`)) {
    const children = readFileSync(`/proc/${of}/task/${task}/children`, 'utf8').trim();
    for (const child of children.split(' ').filter(Boolean).map(Number)) {
      const is = readFileSync(`/proc/${child}/comm`, 'utf8').trim() === name;
      const found = is ? child : descendant(name, child);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
