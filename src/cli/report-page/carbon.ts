import type { Evidence } from '../../sim/evidence/evidence.ts';
import { CARBON_SCOPE, MARGINAL, type SensitivityRow } from '../../sim/evidence/sensitivity.ts';
import { escapeXml } from '../svg-scale.ts';
import { changeCell, htmlTable } from './tables.ts';

/** Average or marginal, life-cycle or direct: the same plans and prices, another carbon. */
export function carbonHtml({ sensitivity, notShown }: Evidence): string {
  const [base, ...others] = sensitivity;
  const of = (group: string) => others.filter((r) => r.group === group);
  if (!base || of(CARBON_SCOPE).length + of(MARGINAL).length === 0) return '';
  const row = (r: SensitivityRow, title: string) => ({
    own: r === base,
    cells: [
      `<td class="wide">${escapeXml(title)}</td>`,
      ...(['awareness', 'joint'] as const).flatMap((of) => [
        changeCell(r[of].coolingKwh),
        changeCell(r[of].facilityKwh),
        changeCell(r[of].carbonKg),
        changeCell(r[of].objectiveAud),
      ]),
    ],
  });
  const table = htmlTable(
    [
      { name: 'carbon' },
      ...['awareness', 'joint'].flatMap((name) =>
        ['cooling', 'all energy', 'carbon', 'objective'].map((of) => ({ name, unit: `${of}, %` })),
      ),
    ],
    [
      row(base, 'average, as the series has it'),
      ...of(CARBON_SCOPE).map((r) => row(r, `average, ${r.title}`)),
      ...of(MARGINAL).map((r) => row(r, `marginal: ${r.title}`)),
    ],
  );
  const missing = notShown.filter((n) => n.group === MARGINAL).map((n) => n.title);
  const why =
    missing.length > 0
      ? `<p><b>Not shown: ${escapeXml(missing.join('; '))}.</b> No marginal series is in the folder. With a file <code>carbon_marginal_*_hourly.csv</code> they are.</p>`
      : '';
  return `<h3 id="carbon">Which carbon is counted</h3><p>An <i>average</i> intensity shares out what a grid emits; a <i>marginal</i> one is what one kWh more emits, which is what moving a request changes. “The same everywhere” takes each hour’s mean over the sites for all of them: so it is between regions whose links are not full, where one plant meets one kWh more for both. It is an assumption, no measurement, and no bound: margins can also lie the other way round than averages. “Planned by averages” decides by the series and is charged by the other. “Direct and scope 2” are what the package embeds for each region: mean direct hours or annual scope 2 factors.</p>${table}${why}`;
}
