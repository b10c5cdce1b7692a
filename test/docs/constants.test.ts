import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { embeddedFleet } from '../core/support/fleets.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const doc = readFileSync(join(root, 'docs/model.md'), 'utf8');
const fleet = embeddedFleet();

/** Text of a section, without its heading. */
function section(title: string): string {
  const from = doc.indexOf(`\n## ${title}\n`);
  expect(from, title).toBeGreaterThan(0);
  const end = doc.indexOf('\n## ', from + 5);
  return doc.slice(from, end < 0 ? undefined : end);
}

/** Cells of a section's table rows, heads and rules left out. */
function rowsOf(text: string): string[][] {
  const lines = text.split('\n').filter((l) => l.startsWith('|'));
  const cells = lines.map((l) =>
    l
      .slice(1, -1)
      .split('|')
      .map((c) => c.trim()),
  );
  return cells
    .filter((_, n) => !/^\|[-| ]+\|$/.test(lines[n + 1] ?? ''))
    .filter((c) => !/^-+$/.test(c[0] ?? ''));
}

/** Numbers that stand in code: without comments, texts, patterns and the bounds of schemas. */
function numbersOf(source: string): Set<number> {
  const code = source
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\/\/.*$/gm, '')
    .replace(/'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g, "''")
    .replace(/(?<=[(=,:]\s*)\/[^/*\n](?:\\.|[^/\\\n])*\/[a-z]*/g, 'pattern')
    .replace(/(?<!Math)\.(?:min|max|length)\([^()]*\)/g, '');
  const found = code.matchAll(/(?<![\w$.])\d[\d_]*(?:\.\d+)?(?:e[-+]?\d+)?/gi);
  return new Set([...found].map(([text]) => Number(text.replaceAll('_', ''))));
}

/** Of formulas: squares, halves, ones. */
const PLAIN = new Set([0, 1, 2]);

const table = rowsOf(section('Every constant'));
const told = new Map<string, Set<number>>();
for (const [file = '', , values = ''] of table) {
  const path = file.replaceAll('`', '');
  const known = told.get(path) ?? new Set<number>();
  for (const value of values.split(',')) known.add(Number(value));
  told.set(path, known);
}

const physics = ['core/model', 'feeds/embedded'].flatMap((folder) =>
  readdirSync(join(root, 'src', folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`),
);

describe('the table of constants', () => {
  test('has a source and how sure it is in every row', () => {
    expect(table.length).toBeGreaterThan(50);
    for (const cells of table) {
      expect(cells).toHaveLength(5);
      for (const cell of cells) expect(cell, cells.join(' | ')).not.toBe('');
    }
  });

  test.each(physics)('has every number of %s', (path) => {
    const inCode = numbersOf(readFileSync(join(root, 'src', path), 'utf8'));
    const known = told.get(path) ?? new Set();
    const missing = [...inCode].filter((v) => !PLAIN.has(v) && !known.has(v));
    expect(missing, 'to be told in docs/model.md, "Every constant"').toEqual([]);
  });

  test('has nothing that is not in its file', () => {
    for (const [path, values] of told) {
      const inCode = numbersOf(readFileSync(join(root, 'src', path), 'utf8'));
      expect(
        [...values].filter((v) => !inCode.has(v)),
        path,
      ).toEqual([]);
    }
  });

  test('reads numbers, and not what only looks like them', () => {
    const source =
      "const x2 = 1.5e-3 * 3_600; // 7\n/* 8 */ const s = '9'; z.number().max(10).default(11) ?? Math.max(12, /[0-9]{13}/);";
    expect([...numbersOf(source)]).toEqual([1.5e-3, 3600, 11, 12]);
  });
});

describe('what the registry sets', () => {
  const registry = section('The embedded registry');

  test('sites: population, servers, grid and tariff', () => {
    const hours = [...registry.matchAll(/(\d+)–(\d+)/g)]
      .slice(0, 4)
      .map(([, from, to]) => [from, to].map(Number));
    const bandsOf = (letter: string) => {
      const rates = new RegExp(`${letter} ([\\d.]+) / ([\\d.]+) / ([\\d.]+) / ([\\d.]+\\d)`).exec(
        registry,
      );
      return hours.map(([fromHour, toHour], n) => ({
        fromHour,
        toHour,
        rateAudPerKwh: Number(rates?.[n + 1]),
      }));
    };
    const rows = rowsOf(registry);
    expect(rows).toHaveLength(fleet.sites.length);
    for (const [name, population, hardware, grid, tariff = ''] of rows) {
      const site = fleet.sites.find((s) => s.name === name)!;
      const zone = fleet.zones.find((z) => z.id === site.id)!;
      expect(zone.population.toLocaleString('en-US'), name).toBe(population);
      const { profile, servers } = site.hardware;
      expect(`${profile.slice(0, 4).toUpperCase()}, ${servers}`, name).toBe(hardware);
      expect(site.gridRegion, name).toBe(grid);
      const own = site.cost.tariff;
      if (own.kind === 'flat') expect(own.rateAudPerKwh, name).toBe(Number(tariff));
      else expect(own, name).toMatchObject({ kind: 'time-of-use', bands: bandsOf(tariff) });
    }
  });

  test('what all sites have alike', () => {
    for (const { cost, hardware, maxUtilisation } of fleet.sites) {
      expect(cost.cooling.kind).toBe('mixed-mode');
      expect(cost.fixedOverheadKw / hardware.servers).toBeCloseTo(0.4, 12);
      expect([cost.idle, cost.sleepServerKw, hardware.batch, maxUtilisation]).toEqual([
        'sleep',
        0.06,
        32,
        0.85,
      ]);
    }
  });

  test('weights of the objective', () => {
    for (const [name = '', value] of rowsOf(section('Objective')).slice(1)) {
      const [, key] = /`(\w+)`/.exec(name)!;
      expect(fleet.prices[key as keyof typeof fleet.prices], name).toBe(Number(value));
    }
  });

  test('classes, demand and variability', () => {
    for (const { id, meanInputTokens, meanOutputTokens } of fleet.classes) {
      expect(doc).toContain(`| \`${id}\` | ${meanInputTokens} / ${meanOutputTokens} |`);
    }
    const { chat, code } = fleet.demand.meanReqPerSPerMillion as Record<string, number>;
    expect(doc).toContain(`(\`chat\` ${chat}, \`code\` ${code?.toFixed(1)})`);
    const [a, b] = fleet.classes;
    expect(doc).toContain(`\`serviceScv\` (${a?.serviceScv} and ${b?.serviceScv}, **derived**`);
    expect(doc).toContain(
      `${a?.ttftSloMs} ms for \`chat\` and ${b?.ttftSloMs?.toLocaleString('en-US')} ms for \`code\``,
    );
  });
});
