import { type Season, seasons } from '../../core/evidence/calendar.ts';
import type { Evidence } from '../../sim/evidence/evidence.ts';
import { type MapCell, type MapChanges, mapSlack, mapTariffs } from '../../sim/evidence/map.ts';
import { decimal, signed } from '../format.ts';
import { escapeXml } from '../svg-scale.ts';
import { heat } from './heat.ts';
import { changeCell, htmlTable } from './tables.ts';

const slackNames: Record<MapCell['slack'], string> = {
  tight: 'tight: capacity by population, peak 50 % full',
  slack: 'slack: capacity by its root, peak 35 % full',
};
const tariffNames: Record<MapCell['tariff'], string> = {
  spot: 'spot price',
  flat: 'flat rate',
  tou: 'time of use',
};
const seasonNames: Record<Season, string> = {
  summer: 'sum',
  autumn: 'aut',
  winter: 'win',
  spring: 'spr',
};

type Pick = (changes: MapChanges) => MapChanges['awareness']['coolingKwh'];

/** Cooling technology × tariff × room × season. */
export function mapHtml({ map, sampledDays }: Evidence): string {
  if (map.length === 0) return '';
  const present = seasons.filter((s) => map.some((c) => c.bySeason[s]));
  const columns = mapTariffs.flatMap((t) => [
    { group: tariffNames[t], label: 'year', tariff: t, season: undefined },
    ...present.map((s) => ({ group: tariffNames[t], label: seasonNames[s], tariff: t, season: s })),
  ]);
  const chart = (title: string, caption: string, digits: number, pick: Pick) => {
    const rows = mapSlack.flatMap(({ id: slack }) =>
      [...new Set(map.map((c) => c.cooling))].map((cooling) => ({
        label: cooling,
        block: slackNames[slack],
        cells: columns.map(({ tariff, season }) => {
          const cell = map.find(
            (c) => c.cooling === cooling && c.slack === slack && c.tariff === tariff,
          );
          const changes = season ? cell?.bySeason[season] : cell?.year;
          return changes && pick(changes);
        }),
      })),
    );
    return `<h3>${escapeXml(title)}</h3>${heat(title, columns, rows, { caption, digits })}`;
  };
  const more =
    'Stronger colour is more; in brackets, the interval holds zero. Intervals: hover, or the tables below.';
  return `${verdictHtml(map)}<p class="dim">${decimal(sampledDays, 0)} days spread over the span. Rows: cooling technology and room to move work. Columns: tariff and season (southern).</p>${chart('Temperature awareness itself: cooling energy, %', `isotherm less the same optimizer with one constant pPUE. ${more}`, 1, (c) => c.awareness.coolingKwh)}${chart('Temperature awareness itself: all energy, %', `The same for all energy at the meter, servers and fixed overhead included. ${more}`, 2, (c) => c.awareness.facilityKwh)}${chart('Temperature awareness itself: objective, %', `The same in money, carbon, water and time together. ${more}`, 2, (c) => c.awareness.objectiveAud)}${chart('Joint optimization: objective, %', `isotherm less the nearest site. ${more}`, 1, (c) => c.joint.objectiveAud)}${chart('Joint optimization: cooling energy, %', `isotherm less the nearest site. ${more}`, 1, (c) => c.joint.coolingKwh)}${chart('Joint optimization: all energy, %', `The same for all energy at the meter. ${more}`, 1, (c) => c.joint.facilityKwh)}<details><summary>The map as a table, with intervals and the most there is to win</summary>${mapTable(map)}</details>${seasonTables(map, present)}`;
}

/** The ends of the map in words. */
function verdictHtml(map: readonly MapCell[]): string {
  const named = (c: MapCell) => `${c.cooling}, ${tariffNames[c.tariff]}, ${c.slack}`;
  const ends = (pick: Pick) => {
    const sorted = [...map].sort((a, b) => pick(a.year).value - pick(b.year).value);
    const [most, least] = [sorted[0] as MapCell, sorted.at(-1) as MapCell];
    return `from ${signed(pick(least.year).value)} % (${named(least)}) to ${signed(pick(most.year).value)} % (${named(most)})`;
  };
  const little = map.filter((c) => c.year.awareness.objectiveAud.value > -0.1);
  const kinds = [...new Set(little.map((c) => c.cooling))].filter((kind) =>
    map.every((c) => c.cooling !== kind || little.includes(c)),
  );
  const lines = [
    `Temperature awareness itself, over the year: cooling energy ${ends((c) => c.awareness.coolingKwh)}; all energy ${ends((c) => c.awareness.facilityKwh)}; objective ${ends((c) => c.awareness.objectiveAud)}.`,
    `Joint optimization: objective ${ends((c) => c.joint.objectiveAud)}; cooling energy ${ends((c) => c.joint.coolingKwh)}; all energy ${ends((c) => c.joint.facilityKwh)}.`,
    ...(kinds.length > 0
      ? [
          `Where it buys little: with ${kinds.join(', ')} temperature awareness is worth less than 0.1 % of the objective under every tariff, with room and without. One good constant is as good as the weather there.`,
        ]
      : []),
  ];
  return `<ul>${lines.map((l) => `<li>${escapeXml(l)}</li>`).join('')}</ul>`;
}

const nameCell = (c: MapCell) =>
  `<td class="wide">${escapeXml(`${c.cooling}, ${tariffNames[c.tariff]}, ${c.slack}`)}</td>`;

function mapTable(map: readonly MapCell[]): string {
  return htmlTable(
    [
      { name: 'cooling, tariff, room' },
      { name: 'awareness', unit: 'cooling, %' },
      { name: 'awareness', unit: 'all energy, %' },
      { name: 'awareness', unit: 'objective, %' },
      { name: 'joint', unit: 'cooling, %' },
      { name: 'joint', unit: 'all energy, %' },
      { name: 'joint', unit: 'energy cost, %' },
      { name: 'joint', unit: 'carbon, %' },
      { name: 'joint', unit: 'objective, %' },
      { name: 'coolest first', unit: 'cooling, %' },
      { name: 'coolest first', unit: 'all energy, %' },
    ],
    map.map((c) => ({
      cells: [
        nameCell(c),
        changeCell(c.year.awareness.coolingKwh),
        changeCell(c.year.awareness.facilityKwh),
        changeCell(c.year.awareness.objectiveAud),
        changeCell(c.year.joint.coolingKwh),
        changeCell(c.year.joint.facilityKwh),
        changeCell(c.year.joint.energyCostAud),
        changeCell(c.year.joint.carbonKg),
        changeCell(c.year.joint.objectiveAud),
        changeCell(c.year.coolest.coolingKwh),
        changeCell(c.year.coolest.facilityKwh),
      ],
    })),
  );
}

/** Every cell of the map by season, with its interval. */
function seasonTables(map: readonly MapCell[], present: readonly Season[]): string {
  const parts: [title: string, pick: Pick][] = [
    ['awareness, cooling', (c) => c.awareness.coolingKwh],
    ['awareness, all energy', (c) => c.awareness.facilityKwh],
    ['awareness, objective', (c) => c.awareness.objectiveAud],
    ['joint, cooling', (c) => c.joint.coolingKwh],
    ['joint, all energy', (c) => c.joint.facilityKwh],
    ['joint, objective', (c) => c.joint.objectiveAud],
  ];
  return present
    .map((season) => {
      const table = htmlTable(
        [
          { name: 'cooling, tariff, room' },
          ...parts.map(([name]) => ({ name, unit: '%, 95 % interval' })),
        ],
        map.flatMap((c) => {
          const changes = c.bySeason[season];
          if (!changes) return [];
          return [{ cells: [nameCell(c), ...parts.map(([, pick]) => changeCell(pick(changes)))] }];
        }),
      );
      const days = map.find((c) => c.bySeason[season])?.bySeason[season]?.days ?? 0;
      return `<details><summary>${season[0]?.toUpperCase()}${season.slice(1)}, with intervals (${decimal(days, 0)} days)</summary>${table}</details>`;
    })
    .join('');
}
