import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { projectPath } from '../../src/local/bundle.ts';

const read = (name: string) => readFileSync(projectPath(`public/${name}`), 'utf8');
const html = read('index.html');
const css = read('status.css');
const js = read('status.js');

/** Values of attributes that make a browser fetch or go somewhere. */
const references = [
  ...html.matchAll(/\s(?:src|srcset|href|action|formaction|data|poster)\s*=\s*"([^"]*)"/gi),
].map((match) => match[1] as string);

test('the title is the name', () => {
  expect(html).toContain('<title>Isotherm</title>');
});

describe('nothing is fetched from elsewhere', () => {
  test.each(readdirSync(projectPath('public')))('%s', (name) => {
    // The name of the SVG vocabulary is no address.
    const text = read(name).replaceAll('xmlns="http://www.w3.org/2000/svg"', '');
    expect(text).not.toMatch(/https?:|["'(]\s*\/\/|@import|url\(/i);
  });

  test('the page forbids it, too', () => {
    expect(html).toMatch(/Content-Security-Policy"\s+content="default-src 'none';/);
    expect(html).not.toContain('unsafe-');
  });
});

describe('no inline code', () => {
  test('scripts are files', () => {
    const scripts = [...html.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/gi)];
    expect(scripts).not.toHaveLength(0);
    for (const [, attributes, body] of scripts) {
      expect(attributes).toContain('src=');
      expect(body).toBe('');
    }
  });

  test('no styles and no handlers', () => {
    expect(html).not.toMatch(/<style\b|\sstyle\s*=|\son[a-z]+\s*=|javascript:/i);
  });

  test('data never becomes markup or code', () => {
    expect(js).not.toMatch(
      /innerHTML|outerHTML|insertAdjacentHTML|setHTML|document\.write|DOMParser|createContextualFragment|\beval\b|\bFunction\(/,
    );
  });
});

describe('references', () => {
  /** The router answers this one. */
  const routes = ['status.json'];

  test.each(references)('%s exists', (reference) => {
    expect(routes.includes(reference) || existsSync(projectPath(`public/${reference}`))).toBe(true);
  });

  test('every id the script asks for is in the page, once', () => {
    const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map((match) => match[1] as string);
    expect(new Set(ids).size).toBe(ids.length);
    const asked = [...js.matchAll(/byId\('([^']+)'\)/g)].map((match) => match[1] as string);
    expect(ids).toEqual(expect.arrayContaining(asked));
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
