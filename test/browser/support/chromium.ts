import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { projectPath } from '../../../src/local/bundle.ts';

/** Where Debian's package puts it. */
const USUAL_PATH = '/usr/bin/chromium';

/** Of the browser these tests run in: `CHROMIUM`, else the usual place; undefined if it is not there. */
export const chromiumPath =
  process.env.CHROMIUM ?? (existsSync(USUAL_PATH) ? USUAL_PATH : undefined);

if (chromiumPath === undefined) {
  console.warn(
    `\nNO BROWSER: the page is not tested. Install Chromium, or name it: CHROMIUM=/path/to/chromium\n`,
  );
}

/** Launches it. Throws where `CHROMIUM` names none. */
export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox'] });
}

export interface Watched {
  page: Page;
  /** Errors of the console and of scripts, requests that failed, and requests to other hosts. */
  faults: string[];
}

/** A page of its own session, and what goes wrong in it. */
export async function openPage(
  browser: Browser,
  url: string,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    locale: 'en-AU',
    timezoneId: 'Australia/Sydney',
    reducedMotion: 'reduce',
    ...options,
  });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => {
    // Chromium writes a line for a 401, which is how a page learns that it needs a token.
    if (message.type() === 'error' && !message.text().includes('401')) faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(`script: ${error.message}`));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin)
      faults.push(`request to ${request.url()}`);
  });
  await page.goto(url);
  return { page, faults };
}

/** Rules of WCAG 2.2 A and AA that axe finds broken. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const result = await page.evaluate(() => {
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
    return axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] });
  });
  return result.violations.flatMap((v) =>
    v.nodes.map((n) => `${v.id}: ${n.html.slice(0, 200)} ${n.failureSummary ?? ''}`),
  );
}

/** Keeps a picture of the whole page in dist/screenshots. */
export async function picture(page: Page, name: string): Promise<void> {
  await mkdir(projectPath('dist/screenshots'), { recursive: true });
  await page.screenshot({ path: projectPath(`dist/screenshots/${name}.png`), fullPage: true });
}

/** Nothing went wrong, and nothing is wider than the screen. */
export async function expectSound({ page, faults }: Watched): Promise<void> {
  expect(faults).toEqual([]);
  expect(await violations(page)).toEqual([]);
  const [content, screen] = await page.evaluate<[number, number]>(
    '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
  );
  expect(content).toBeLessThanOrEqual(screen);
}

/** What sticks out: the page itself, and texts of drawings that are cut off at their edge. Runs in the page. */
export const overflowing = `(() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  const wide = scrollWidth > clientWidth ? ['page ' + scrollWidth + ' > ' + clientWidth] : [];
  const cut = [...document.querySelectorAll('main svg text')].filter((text) => {
    const [own, around] = [text, text.ownerSVGElement].map((e) => e.getBoundingClientRect());
    const beyond = [around.left - own.left, own.right - around.right, own.bottom - around.bottom];
    return Math.max(...beyond) > 1;
  });
  return [...wide, ...cut.map((text) => text.textContent)];
})()`;
