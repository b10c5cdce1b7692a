import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { prometheusText } from '../../src/core/accounting/metrics.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const markdown = [
  'README.md',
  'CONTRIBUTING.md',
  ...markdownUnder('docs'),
  ...markdownUnder('examples'),
];

function markdownUnder(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name));
}

const read = (file: string) => readFileSync(join(root, file), 'utf8');

/** What is shown as it stands is no link. */
const prose = (text: string) =>
  text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`/g, 'code');

/** As GitHub makes a heading's anchor. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}

const anchorsOf = (file: string) =>
  [
    ...read(file)
      .replace(/^```[\s\S]*?^```/gm, '')
      .matchAll(/^#+ (.*)$/gm),
  ].map((m) => anchorOf(m[1] as string));

describe('links between documents', () => {
  test.each(markdown)('%s', (file) => {
    const links = [...prose(read(file)).matchAll(/\]\(([^)\s]+)\)/g)].map((m) => m[1] as string);
    const broken = links.filter((link) => {
      if (/^[a-z]+:/.test(link)) return false;
      const [path, anchor] = link.split('#') as [string, string?];
      const target = path ? relative(root, resolve(root, dirname(file), path)) : file;
      if (!existsSync(join(root, target))) return true;
      return anchor !== undefined && !anchorsOf(target).includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});

test('every metric in a document or an alert is one that /metrics has', () => {
  const plan = {
    version: 1,
    ageSeconds: 0,
    gap: 0,
    unservedShare: 0,
    batch: [{ class: 'a', requests: 1, unservedRequests: 0, movedShare: 0 }],
  };
  const ttft = { name: 'ttft_ms_sum', labels: 'site="a",class="b"', value: 1 };
  const text = prometheusText([ttft], plan, [{ id: 'a', isDown: false, isDrained: false }]);
  const known = new Set(text.match(/isotherm_\w+/g));
  const alerts = read('examples/prometheus-alerts.yml');
  const used = [alerts, ...markdown.map(read)].flatMap(
    // A plan's gauges go by their common beginning, too.
    (file) => file.match(/isotherm_\w+(?![\w*])/g) ?? [],
  );
  expect(used.length).toBeGreaterThan(20);
  expect(used.filter((name) => !known.has(name))).toEqual([]);
});
