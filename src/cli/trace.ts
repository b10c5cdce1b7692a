import type { RoundReport } from '../core/optimizer/state.ts';
import { type TraceRound, traceRound } from '../core/planning/plan.ts';
import { decimal, gapPercent } from './format.ts';
import { table } from './table.ts';

/** A round to be shown, of a run in process or of a deployment. */
export type TraceRow = TraceRound & Pick<RoundReport, 'siteMs'>;

export function traceRow(report: RoundReport): TraceRow {
  const { siteMs } = report;
  return { ...traceRound(report), ...(siteMs && { siteMs }) };
}

/** What help texts say of the figures. */
export const traceMeaning = `\
Rounds, on the screen and as CSV: residuals are relative (docs/algorithm.md, classic rounds), and the
round that ends an optimization has none, since no master is solved after it: there is no next proposal
to compare with. penalty is the median of classic rounds' ρ. missing: sites without a valid answer, each
with the reason. wallMs: from the first question to the next proposal; slowestMs, slowestSite: the site
that took longest; siteMs: every site that answered, with its time (in process, of its own computation).`;

const names = [
  'round',
  'mode',
  'objectiveAud',
  'lowerBoundAud',
  'gap',
  'primalResidual',
  'dualResidual',
  'penalty',
  'answered',
  'missing',
  'wallMs',
  'slowestMs',
  'slowestSite',
  'siteMs',
] as const;

/** Sites that gave no valid answer, with the reason where it was kept. */
function missingOf({ missing, reasons }: TraceRow): string {
  return missing.map((site, n) => (reasons?.[n] ? `${site}: ${reasons[n]}` : site)).join('; ');
}

/** The rounds as a table. */
export function traceText(rounds: readonly TraceRow[]): string {
  const small = (value: number | undefined) => value?.toExponential(1) ?? '–';
  const plain = (value: number | undefined, digits: number) =>
    value === undefined ? '–' : decimal(value, digits);
  const columns: [header: string[], cell: (r: TraceRow) => string, left?: true][] = [
    [['round', ''], (r) => `${r.round}`],
    [['mode', ''], (r) => r.mode, true],
    [['objective', 'AUD'], (r) => plain(r.objectiveAud, 2)],
    [['lower bound', 'AUD'], (r) => plain(r.lowerBoundAud, 2)],
    [['gap', ''], (r) => (r.gap === undefined ? '–' : gapPercent(r.gap))],
    [['primal', 'residual'], (r) => small(r.primalResidual)],
    [['dual', 'residual'], (r) => small(r.dualResidual)],
    [['median ρ', 'AUD/(req/s)²'], (r) => small(r.penalty)],
    [['sites', 'answered'], (r) => `${r.answered}`],
    [['took', 'ms'], (r) => plain(r.wallMs, 0)],
    [['slowest', 'ms'], (r) => plain(r.slowestMs, 1)],
    [['slowest', 'site'], (r) => r.slowestSite ?? '–', true],
    [['missing', ''], missingOf, true],
  ];
  return table(
    columns.map(([header, , left]) => ({ header, align: left ? 'left' : 'right' })),
    rounds.map((round) => columns.map(([, cell]) => cell(round))),
  );
}

/** The same with all digits, and every site's time. */
export function traceCsv(rounds: readonly TraceRow[]): string {
  const lines = rounds.map((round) => {
    const { missing, siteMs = {} } = round;
    const answered = Object.entries(siteMs).filter(([site]) => !missing.includes(site));
    const written = {
      ...round,
      missing: missingOf(round),
      siteMs: answered.map(([site, ms]) => `${site}: ${ms}`).join('; '),
    };
    return names.map((name) => csvCell(`${written[name] ?? ''}`)).join(',');
  });
  return `${[names.join(','), ...lines].join('\n')}\n`;
}

function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
