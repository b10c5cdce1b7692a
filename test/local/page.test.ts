import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { projectPath } from '../../src/local/bundle.ts';
import { coastline } from '../../src/local/coastline.ts';
import { buildPage, pageDirectory } from '../../src/local/page.ts';

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
  const within = (box: Parameters<typeof coastline>[0], rings: [number, number][][]) =>
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
      const rings = await coastline(box);
      expect(within(box, rings)).toBe(true);
      expect(rings.filter((ring) => surrounds(ring, inland)).length).toBe(1);
      const middle = (box.southDeg + box.northDeg) / 2;
      for (const ring of rings) {
        const widest = Math.max(
          ...ring.map(([lon, lat], n) => {
            const [lon0, lat0] = ring.at(n - 1) as [number, number];
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

  /** By how often a line to the east crosses the ring. */
  function surrounds(ring: [number, number][], [x, y]: readonly [number, number]): boolean {
    return ring.reduce((inside, [x1, y1], n) => {
      const [x0, y0] = ring.at(n - 1) as [number, number];
      const crosses = y1 > y !== y0 > y && x < x1 + ((y - y1) / (y0 - y1)) * (x0 - x1);
      return crosses ? !inside : inside;
    }, false);
  }
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
