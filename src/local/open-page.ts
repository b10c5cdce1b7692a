import { spawn } from 'node:child_process';

/** Opens an address in the user's browser: that of BROWSER, else the system's. A failure is nobody's concern. */
export function openPage(url: string): void {
  const [program, ...args] = opener();
  const child = spawn(program, [...args, url], { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}

function opener(): [program: string, ...args: string[]] {
  const { BROWSER } = process.env;
  if (BROWSER) return [BROWSER];
  if (process.platform === 'darwin') return ['open'];
  // The empty title keeps `start` from taking the address for one.
  return process.platform === 'win32' ? ['cmd', '/c', 'start', ''] : ['xdg-open'];
}
