import { readFileSync } from 'node:fs';
import { InvalidInputError } from '../../core/model/errors.ts';
import { MS_PER_HOUR } from '../../core/model/units.ts';

/** What issued forecasts were off by, hours ahead. */
export interface WeatherErrors {
  source: string;
  /** By site id, of each issue in order. */
  issues: Map<string, Issue[]>;
}

/** Forecast less what came, by rising lead. */
interface Issue {
  leadH: number[];
  tempC: number[];
  rhPct: number[];
}

const COLUMNS = [
  'city',
  'issued_utc',
  'lead_h',
  'fc_temp_c',
  'fc_rh_pct',
  'act_temp_c',
  'act_rh_pct',
] as const;

/** Reads forecasts beside what came. Throws {@link InvalidInputError} naming file and line. */
export function readWeatherErrors(path: string, source: string): WeatherErrors {
  const [head = '', ...lines] = readFileSync(path, 'utf8').trim().split(/\r?\n/);
  const names = head.split(',').map((name) => name.trim());
  const at = COLUMNS.map((name) => {
    const n = names.indexOf(name);
    if (n < 0) throw new InvalidInputError(path, [`line 1: expected a column named "${name}"`]);
    return n;
  });
  const byIssue = new Map<string, Issue>();
  const issues = new Map<string, Issue[]>();
  lines.forEach((line, n) => {
    const cells = line.split(',');
    const [city, issued, ...figures] = at.map((c) => cells[c] ?? '');
    if (figures.some((text) => text === '')) return;
    const [leadH, fcTempC, fcRhPct, tempC, rhPct] = figures.map(Number) as [
      number,
      number,
      number,
      number,
      number,
    ];
    if (figures.some((text) => !Number.isFinite(Number(text)))) {
      throw new InvalidInputError(path, [`line ${n + 2}: expected numbers, or nothing`]);
    }
    const site = (city ?? '').toLowerCase();
    const key = `${site} ${issued}`;
    let issue = byIssue.get(key);
    if (issue === undefined) {
      issue = { leadH: [], tempC: [], rhPct: [] };
      byIssue.set(key, issue);
      issues.set(site, [...(issues.get(site) ?? []), issue]);
    }
    issue.leadH.push(leadH);
    issue.tempC.push(fcTempC - tempC);
    issue.rhPct.push(fcRhPct - rhPct);
  });
  return { source, issues };
}

/**
 * What a forecast for `leadH` ahead is off by on a day: the errors of one issue, between its leads by a
 * line; the issues follow each other day by day and then again. None for a site without any.
 */
export function errorOf(errors: WeatherErrors, siteId: string, madeUtcMs: number, leadH: number) {
  const issues = errors.issues.get(siteId);
  if (issues === undefined || issues.length === 0) return { tempC: 0, rhPct: 0 };
  const day = Math.floor(madeUtcMs / (24 * MS_PER_HOUR));
  const { leadH: leads, tempC, rhPct } = issues[day % issues.length] as Issue;
  const next = leads.findIndex((l) => l >= leadH);
  if (next < 0) return { tempC: tempC.at(-1) as number, rhPct: rhPct.at(-1) as number };
  const last = Math.max(0, next - 1);
  const [from, to] = [leads[last] as number, leads[next] as number];
  const part = to > from ? (leadH - from) / (to - from) : 0;
  const between = (of: number[]) =>
    (of[last] as number) + Math.max(0, part) * ((of[next] as number) - (of[last] as number));
  return { tempC: between(tempC), rhPct: between(rhPct) };
}
