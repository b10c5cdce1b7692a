import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reportPage } from '../../src/cli/report-page/page.ts';
import { reportFixture } from '../cli/support/report.ts';
import { chromiumPath, expectSound, launch, openPage, picture } from './support/chromium.ts';

describe.skipIf(chromiumPath === undefined)('the page of a report in Chromium', () => {
  let server: Server;
  let browser: Browser;
  let url = '';

  beforeAll(async () => {
    const html = reportPage(reportFixture());
    server = createServer((request, response) => {
      // Browsers ask for an icon by themselves.
      const isPage = request.url === '/';
      response.writeHead(isPage ? 200 : 204, { 'content-type': 'text/html; charset=utf-8' });
      response.end(isPage ? html : undefined);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await launch();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  test.each([
    ['wide', { viewport: { width: 1200, height: 900 } }],
    ['dark', { viewport: { width: 1200, height: 900 }, colorScheme: 'dark' }],
    ['phone', { viewport: { width: 375, height: 812 }, hasTouch: true, isMobile: true }],
  ] as const)(
    '%s: drawn, readable, wholly its own, every chart within its frame',
    async (look, options) => {
      const watched = await openPage(browser, url, options);
      const { page } = watched;
      await page.evaluate(
        'document.querySelectorAll("details").forEach((d) => { d.open = true; })',
      );
      await picture(page, `report-${look}`);
      await expectSound(watched);
      const outside =
        await page.evaluate(`[...document.querySelectorAll('svg text')].filter((text) => {
      const own = text.getBoundingClientRect();
      const frame = text.ownerSVGElement.getBoundingClientRect();
      return own.left < frame.left - 1 || own.right > frame.right + 1 || own.bottom > frame.bottom + 1;
    }).map((text) => text.textContent)`);
      expect(outside).toEqual([]);
      expect(await page.locator('svg').count()).toBeGreaterThan(8);
      await page.context().close();
    },
  );

  test('on a phone letters of charts are as large as they are elsewhere, and labels of rows stay', async () => {
    const { page } = await openPage(browser, url, {
      viewport: { width: 375, height: 812 },
      isMobile: true,
    });
    const heights = await page.evaluate<number[]>(
      '[...document.querySelectorAll("svg text.label, svg text.tick")].map((t) => t.getBoundingClientRect().height)',
    );
    expect(Math.min(...heights)).toBeGreaterThan(9);
    const table = page.locator('#policies .scroll').first();
    await table.evaluate('(of) => { of.scrollLeft = 400; }');
    const left = await table.locator('tbody td').first().boundingBox();
    expect(left?.x).toBeGreaterThanOrEqual(0);
    await page.context().close();
  });

  test('on paper it is black on white, whatever the screen was', async () => {
    const { page } = await openPage(browser, url, { colorScheme: 'dark' });
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    const colours = await page.evaluate<string[]>(
      '[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]',
    );
    expect(colours).toEqual(['rgb(0, 0, 0)', 'rgb(255, 255, 255)']);
    // What is folded on the screen cannot be unfolded on paper.
    const folded = await page.evaluate<number>(
      '[...document.querySelectorAll("details table")].filter((t) => t.getBoundingClientRect().height === 0).length',
    );
    expect(folded).toBe(0);
    // A4 upright with margins of a centimetre.
    await page.setViewportSize({ width: 718, height: 1000 });
    const cutOff = await page.evaluate(`[...document.querySelectorAll('table')].filter((table) =>
      table.getBoundingClientRect().right > document.body.getBoundingClientRect().right + 4
    ).map((table) => table.closest('section').id)`);
    expect(cutOff).toEqual([]);
    await page.context().close();
  });
});
