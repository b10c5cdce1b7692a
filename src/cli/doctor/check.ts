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
  /** How it is told where the same is found of several sites: the site, and what is found without it. */
  alike?: { of: string; found: string };
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
