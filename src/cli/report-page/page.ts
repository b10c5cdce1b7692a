import type { Interval } from '../../core/evidence/bootstrap.ts';
import type { Row } from '../../core/evidence/compare.ts';
import type { Evidence } from '../../sim/evidence/evidence.ts';
import { ALIKE, MARGINAL } from '../../sim/evidence/sensitivity.ts';
import { count, signed } from '../format.ts';
import type { ReportDocument } from '../report-document.ts';
import { rangeText } from '../report-summary.ts';
import { escapeXml } from '../svg-scale.ts';
import { creditHtml, dataHtml } from './data.ts';
import { ablationHtml, frontHtml, leaveOutHtml, leversHtml, sensitivityHtml } from './findings.ts';
import { mapHtml } from './map.ts';
import { limitsHtml, modelHtml } from './model.ts';
import { comparedHtml, policiesHtml } from './policies.ts';
import { style } from './style.ts';

/** The page: one file that asks nobody for anything. */
export function reportPage(document: ReportDocument): string {
  const { evidence, fleet, span, version } = document;
  const from = span.fromUtc.slice(0, 10);
  const to = new Date(Date.parse(span.toUtc) - 1).toISOString().slice(0, 10);
  const parts: [id: string, title: string, html: string][] = [
    ['compared', 'What was compared', comparedHtml(document)],
    ['policies', 'All policies', policiesHtml(evidence)],
    ['leave-outs', 'With parts left out', leaveOutHtml(evidence)],
    ['map', 'Where temperature awareness pays: the map', mapHtml(evidence)],
    ['ablations', 'What each part is worth', ablationHtml(evidence)],
    ['levers', 'Other levers', leversHtml(evidence)],
    ['sensitivity', 'How far it rests on assumptions', sensitivityHtml(evidence)],
    ['front', 'Carbon against all else', frontHtml(evidence)],
    ['limits', 'What this does not show', limitsHtml(fleet.sites.length, evidence.days)],
    ['model', 'The model', modelHtml],
    ['data', 'The data', dataHtml(document)],
    ['repeat', 'To repeat it', repeatHtml(document)],
  ];
  const shown = parts.filter(([, , html]) => html !== '');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escapeXml(`Isotherm: evidence, ${from} to ${to}`)}</title><style>${style}</style></head><body><main>
<h1>What temperature-aware routing is worth</h1>
<p class="dim">${escapeXml(`${fleet.name}, ${count(fleet.sites.length, 'site')}, ${from} to ${to} (UTC), ${count(evidence.days, 'day')} hour by hour. isotherm ${version}.`)}</p>
${answersHtml(evidence)}
${creditHtml(document)}
<nav aria-label="Contents"><ul>${shown.map(([id, title]) => `<li><a href="#${id}">${escapeXml(title)}</a></li>`).join('')}</ul></nav>
${shown.map(([id, title, html]) => `<section id="${id}"><h2>${escapeXml(title)}</h2>${html}</section>`).join('\n')}
</main></body></html>
`;
}

/** The two answers, and what joint optimization costs users. */
function answersHtml({ year: { rows }, sensitivity }: Evidence): string {
  const of = (id: string) => rows.find((r) => r.policy === id);
  const [own, blind, home] = ['isotherm', 'fixed-ppue', 'nearest'].map(of);
  if (!own || !blind?.against || !home?.against) return '';
  const box = (title: string, value: string, text: string) =>
    `<div><small>${escapeXml(title)}</small><b>${escapeXml(value)}</b><small>${escapeXml(text)}</small></div>`;
  const change = (i: Interval) => `${signed(i.value)} %`;
  const isShort = home.against.objectiveAud.low === null;
  const alike = sensitivity.find((r) => r.group === MARGINAL && r.title === ALIKE);
  const both = (row: Row) =>
    `of the objective (${rangeText((row.against as NonNullable<Row['against']>).objectiveAud)}); of cooling energy ${change((row.against as NonNullable<Row['against']>).coolingKwh)}, of all energy ${change((row.against as NonNullable<Row['against']>).facilityKwh)}, of carbon ${change((row.against as NonNullable<Row['against']>).carbonKg)}`;
  return `<div class="answers">${box(
    'Temperature awareness itself',
    change(blind.against.objectiveAud),
    both(blind),
  )}${box('Joint optimization, against the nearest site', change(home.against.objectiveAud), both(home))}${box(
    'What users pay for it, against nearest',
    `${signed(own.ttftMeanMs - home.ttftMeanMs, 1)} ms`,
    `mean time to first token; requests over their SLO ${(100 * home.lateShare).toFixed(2)} → ${(100 * own.lateShare).toFixed(2)} %`,
  )}</div><p class="dim">Negative is a saving. ${isShort ? `The span is too short for intervals, which need two blocks of days (<code>--block-days</code>).` : 'In brackets, 95 % intervals over the days of the span.'} Carbon is by the series’ own, average intensities${alike ? `; if one kWh more emitted the same everywhere, joint optimization would change it by ${change(alike.joint.carbonKg)} (<a href="#carbon">which carbon is counted</a>)` : ''}.</p>`;
}

function repeatHtml({ command, options }: ReportDocument): string {
  return `<p>With <code>DIR</code> holding the files above. The same data, seed and options give the same JSON, byte for byte, on one version.</p><pre>${escapeXml(command)} --out report.html
${escapeXml(command)} --json</pre><p class="dim">${escapeXml(
    `Seed ${options.seed}, ${options.resamples} resamples, blocks of ${options.blockDays} days, certified gap ${options.gapTarget}, variations over every ${options.everyWeeks === 1 ? 'week' : `${options.everyWeeks}th week`}.`,
  )}</p>`;
}
