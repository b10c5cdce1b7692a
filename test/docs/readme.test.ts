import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { projectPath } from '../../src/local/bundle.ts';

/** What the README says of the page and of deploying is where and as the reader meets it. */

const readme = readFileSync(projectPath('README.md'), 'utf8');
const section = (title: string) => {
  const [, text = ''] = readme.split(`# ${title}\n`);
  return text.split(/^#+ /m)[0] as string;
};

test('the page is told view by view, under the names of its menu', () => {
  const app = readFileSync(projectPath('src/dashboard/app.tsx'), 'utf8');
  const views = /const VIEWS = \{(.*?)\}/s.exec(app)?.[1] as string;
  const names = [...views.matchAll(/: '(.*?)'/g)].map(([, name]) => name);
  const told = [...section('The page').matchAll(/^- \*\*(.*?)\*\*: /gm)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(5);
  expect(told).toEqual(names);
});

test('the button that deploys stands where deploying is told, with what it lacks', () => {
  expect(readme.match(/deploy\.workers\.cloudflare\.com\/button/g)).toHaveLength(1);
  expect(section('Deploying')).toMatch(/deploy\.workers\.cloudflare\.com\/button.*`OWNER`/s);
});
