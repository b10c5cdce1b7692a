/** One thing that was looked at. */
export interface Check {
  area:
    | 'registry'
    | 'generated'
    | 'placement'
    | 'upstream'
    | 'feed'
    | 'deployment'
    | 'database'
    | 'cron'
    | 'plan'
    | 'solver';
  /** What it is of: a path in the registry, a site, a file. */
  of: string;
  status: 'ok' | 'warning' | 'fault';
  found: string;
  /** What to do about it. */
  fix?: string;
}

export const ok = (area: Check['area'], of: string, found: string): Check => ({
  area,
  of,
  status: 'ok',
  found,
});
export const warning = (area: Check['area'], of: string, found: string, fix: string): Check => ({
  area,
  of,
  status: 'warning',
  found,
  fix,
});
export const fault = (area: Check['area'], of: string, found: string, fix: string): Check => ({
  area,
  of,
  status: 'fault',
  found,
  fix,
});

/** Why a request got no answer, in few words. */
export function whyNot(error: unknown, timeoutMs: number): string {
  const { name, message, cause } = error as Error & { cause?: { code?: string; message?: string } };
  if (name === 'TimeoutError') return `no answer within ${timeoutMs} ms`;
  return cause?.code ?? cause?.message ?? message;
}
