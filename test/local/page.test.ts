import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { projectPath } from '../../src/local/bundle.ts';
import { coastline } from '../../src/local/coastline.ts';
import { borders, countryNames, surrounds } from '../../src/local/countries.ts';
import { buildPage, pageDirectory } from '../../src/local/page.ts';
import { atlasFor, type Box, type Point } from '../../src/local/topology.ts';

const css = readFileSync(projectPath('src/dashboard/page.css'), 'utf8');
const built = () =>
  new Map(readdirSync(pageDirectory).map((n) => [n, readFileSync(join(pageDirectory, n), 'utf8')]));

describe('what is built', () => {
  let files: Map<string, string>;
  let html: string;
  beforeAll(async () => {
    await buildPage();
    files = built();
    html = files.get('index.html') as string;
  });

  test('is the same again from the same sources', async () => {
    await buildPage();
    expect(built()).toEqual(files);
  });

  test('has its name for a title, and every file it refers to', () => {
    expect(html).toContain('<title>Isotherm</title>');
    const references = [...html.matchAll(/\s(?:src|href)="([^"]*)"/g)].map((m) => m[1] as string);
    expect(references.length).toBeGreaterThanOrEqual(4);
    // The router answers this one.
    for (const name of references) expect([...files.keys(), 'status.json']).toContain(name);
  });

  test('fetches nothing from elsewhere', () => {
    for (const [name, text] of files) {
      // Names of vocabularies are no addresses.
      const plain = text.replaceAll(/https?:\/\/(www\.w3|json-schema)\.org\/[\w/-]+/g, '');
      // Zod tries addresses of IPv6 in a URL of its own.
      expect(plain.replaceAll('http://[${', ''), name).not.toMatch(/https?:\/\//);
      if (/\.(css|html)$/.test(name)) expect(plain, name).not.toMatch(/@import|url\(/i);
    }
  });

  test('has no inline script, style or handler', () => {
    for (const [, attributes, body] of html.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/gi)) {
      expect(attributes).toContain('src=');
      expect(body).toBe('');
    }
    expect(html).not.toMatch(/<style\b|\sstyle\s*=|\son[a-z]+\s*=|javascript:/i);
  });
});

test('its sources never make markup or code of data', () => {
  for (const name of readdirSync(projectPath('src/dashboard'))) {
    const text = readFileSync(projectPath(`src/dashboard/${name}`), 'utf8');
    expect(text, name).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|dangerouslySet|document\.write|DOMParser|\beval\b|\bFunction\(/,
    );
  }
});

describe('outlines of land', () => {
  const within = (box: Box, rings: Point[][]) =>
    rings.flat().every(([lon, lat]) => {
      const inLon = lon >= box.westDeg - 0.01 && lon <= box.eastDeg + 0.01;
      return inLon && lat >= box.southDeg - 0.01 && lat <= box.northDeg + 0.01;
    });

  test.each([
    ['Australia', { westDeg: 112, eastDeg: 155, southDeg: -45, northDeg: -9 }, [134, -25]],
    ['Europe', { westDeg: -11, eastDeg: 30, southDeg: 36, northDeg: 60 }, [10, 50]],
    ['the world', { westDeg: -180, eastDeg: 180, southDeg: -56, northDeg: 75 }, [100, 60]],
  ] as const)(
    '%s: within its box, around what lies inland, no line across the map',
    async (_, box, inland) => {
      const rings = coastline(await atlasFor(box), box);
      expect(within(box, rings)).toBe(true);
      expect(rings.filter((ring) => surrounds(ring, [...inland])).length).toBe(1);
      const middle = (box.southDeg + box.northDeg) / 2;
      for (const ring of rings) {
        const widest = Math.max(
          ...ring.map(([lon, lat], n) => {
            const [lon0, lat0] = ring.at(n - 1) as Point;
            const isEdge =
              Math.abs(lat - lat0) < 0.02 &&
              Math.abs(lat - middle) > Math.abs(box.northDeg - middle) - 0.02;
            return isEdge ? 0 : Math.abs(lon - lon0);
          }),
        );
        expect(widest).toBeLessThan((box.eastDeg - box.westDeg) / 4);
      }
    },
  );

  const alps = { westDeg: 5, eastDeg: 12, southDeg: 45, northDeg: 49 };
  const kansas = { westDeg: -100, eastDeg: -94, southDeg: 36, northDeg: 41 };
  const world = { westDeg: -180, eastDeg: 180, southDeg: -56, northDeg: 75 };

  test.each([
    ['the Alps', alps, ['Switzerland', 'Austria', 'Germany', 'France', 'Italy']],
    ['Kansas', kansas, ['United States of America']],
    ['Australia', { westDeg: 112, eastDeg: 155, southDeg: -45, northDeg: -11 }, ['Australia']],
    ['the world', world, ['Russia', 'Canada', 'Brazil']],
  ])('%s: countries are named, each within its own outline', async (_, box, expected) => {
    const atlas = await atlasFor(box);
    const names = countryNames(atlas, box);
    expect(names.map(({ name }) => name)).toEqual(expect.arrayContaining(expected));
    const land = coastline(atlas, box);
    for (const { name, lonDeg, latDeg } of names) {
      expect(
        land.some((ring) => surrounds(ring, [lonDeg, latDeg])),
        name,
      ).toBe(true);
    }
  });

  test('borders are where two countries meet: within the box, and none in one country', async () => {
    const lines = borders(await atlasFor(alps), alps);
    expect(within(alps, lines)).toBe(true);
    // The Rhine below Basel has Germany on its one side, the Rhône below Geneva is in France.
    const near = (lon: number, lat: number) =>
      Math.min(...lines.flat().map(([x, y]) => Math.hypot(x - lon, y - lat)));
    expect(near(7.6, 48)).toBeLessThan(0.15);
    expect(near(10, 47.5)).toBeLessThan(0.2);
    expect(near(9, 48.3)).toBeGreaterThan(0.5);
    expect(borders(await atlasFor(kansas), kansas)).toEqual([]);
    const across = borders(await atlasFor(world), world);
    expect(across.length).toBeGreaterThan(100);
    for (const line of across) {
      const longest = Math.max(
        ...line.slice(1).map(([x], n) => Math.abs(x - (line[n] as Point)[0])),
      );
      expect(longest).toBeLessThan(20);
    }
  });
});

describe('contrast of WCAG AA', () => {
  const [, light, dark, print] = css.split(':root {').map((part) => part.split('}')[0] as string);

  const luminance = (hex: string) => {
    const [r, g, b] = [1, 3, 5].map((at) => {
      const c = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };

  describe.each([
    ['light', light],
    ['dark', dark],
    ['print', print],
  ])('%s', (_, block) => {
    const colours = Object.fromEntries(
      [...(block as string).matchAll(/--([a-z-]+): (#[0-9a-f]{6});/g)].map(([, k, v]) => [k, v]),
    );
    test.each([
      ['text', 'page', 4.5],
      ['text', 'surface', 4.5],
      ['quiet', 'page', 4.5],
      ['quiet', 'surface', 4.5],
      ['accent', 'page', 4.5],
      ['accent', 'surface', 4.5],
      ['on-accent', 'accent', 4.5],
      ['alert', 'surface', 4.5],
      ['on-alert', 'alert', 4.5],
      ['surface', 'quiet', 4.5],
      ['control', 'page', 3],
      ['control', 'surface', 3],
    ])('%s on %s', (front, back, least) => {
      const [a, b] = [luminance(colours[front] as string), luminance(colours[back] as string)];
      expect((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)).toBeGreaterThanOrEqual(least);
    });
  });
});
