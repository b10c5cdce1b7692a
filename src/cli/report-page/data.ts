import type { Attribution } from '../../feeds/attribution.ts';
import { decimal, utc } from '../format.ts';
import type { ReportDocument } from '../report-document.ts';
import { escapeXml } from '../svg-scale.ts';
import { htmlTable } from './tables.ts';

/** Whose data it is and under what terms, with the address where the source says so itself. */
const attributionHtml = ({ text, licence, url }: Attribution) =>
  `<a href="${escapeXml(url)}">${escapeXml(text.replace(/\.$/, ''))}</a> (${escapeXml(licence)})`;

/** The same in one line, for the head of the page: every figure below it is made of this data. */
export function creditHtml({ data }: ReportDocument): string {
  if (data.attributions.length === 0) return '';
  const all = data.attributions.map(attributionHtml).join('; ');
  return `<p class="dim credit">Data: ${all}. Files and gaps: <a href="#data">the data</a>.</p>`;
}

/** Files, holes, licences, and what the folder says of itself. */
export function dataHtml({ data }: ReportDocument): string {
  const files = htmlTable(
    [
      { name: 'file' },
      { name: 'kind' },
      { name: 'from' },
      { name: 'to', unit: 'exclusive' },
      { name: 'hours missing' },
      { name: 'cells empty' },
      { name: 'SHA-256' },
    ],
    data.files.map((f) => ({
      cells: [
        escapeXml(f.file),
        f.kind ?? '',
        f.fromUtcMs === undefined ? '' : utc(f.fromUtcMs),
        f.toUtcMs === undefined ? '' : utc(f.toUtcMs),
        decimal(f.missingHours, 0),
        decimal(
          Object.values(f.emptyCells).reduce((a, b) => a + b, 0),
          0,
        ),
        `<code title="${f.sha256}">${f.sha256.slice(0, 12)}…</code>`,
      ],
    })),
  );
  const faults = data.files.flatMap((f) => f.faults.map((fault) => `${f.file}: ${fault}`));
  const used = htmlTable(
    [
      { name: 'site' },
      { name: 'weather', isText: true },
      { name: 'price', isText: true },
      { name: 'carbon', isText: true },
      { name: 'water', isText: true },
    ],
    data.sources.map((s) => ({
      cells: [
        escapeXml(s.site),
        ...[s.weather, s.price, s.carbon, s.water].map(
          (p) =>
            `<td class="left">${escapeXml(p.source)}${p.placeholder ? '<small>placeholder</small>' : ''}</td>`,
        ),
      ],
    })),
  );
  const whose =
    data.attributions.length > 0
      ? `<p>Named by the series or by what the folder says of itself:</p><ul>${data.attributions.map((a) => `<li>${attributionHtml(a)}</li>`).join('')}</ul>`
      : '<p>The folder does not say whose data it is.</p>';
  const notes = data.notes
    ? `<details><summary>What the folder says of its data (${escapeXml(data.notes.file)})</summary><pre>${escapeXml(data.notes.text)}</pre></details>`
    : '';
  return `${whose}${files}${faults.length > 0 ? `<ul>${faults.map((f) => `<li>${escapeXml(f)}</li>`).join('')}</ul>` : '<p>No value is out of bounds.</p>'}${notes}<details><summary>What each site’s series come from</summary>${used}</details>`;
}
