import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Gateway, startGateway } from '../e2e/support/gateway.ts';
import { chromiumPath, expectSound, launch, openPage, picture } from './support/chromium.ts';

describe.skipIf(chromiumPath === undefined)('the page of the API in Chromium', () => {
  let gateway: Gateway;
  let browser: Browser;

  beforeAll(async () => {
    [gateway, browser] = await Promise.all([startGateway(), launch()]);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await gateway?.close();
  });

  test.each([
    ['wide', { viewport: { width: 1200, height: 900 } }],
    ['dark', { viewport: { width: 1000, height: 900 }, colorScheme: 'dark' }],
    ['phone', { viewport: { width: 375, height: 812 }, hasTouch: true, isMobile: true }],
  ] as const)('%s: an operation opens, is styled, and nothing is wrong', async (look, options) => {
    const watched = await openPage(browser, gateway.stack.url, options);
    const { page } = watched;
    await page.goto(`${gateway.stack.url}/docs`);
    // Those of the other page, which came first, are not of this one.
    watched.faults.length = 0;
    await page.reload();
    const chat = page.locator('details', { hasText: 'POST /v1/chat/completions' });
    const header = chat.getByText('x-isotherm-deadline-ms');
    expect(await header.isVisible()).toBe(false);
    await chat.locator('summary').click();
    await header.waitFor();
    await page.locator('details', { hasText: 'POST /admin/v1/keys' }).locator('summary').click();
    // What only the sheet of styles does.
    const corner = 'getComputedStyle(document.querySelector("section")).borderTopLeftRadius';
    expect(await page.evaluate(corner)).toBe('12px');
    await picture(page, `docs-${look}`);
    await expectSound(watched);
    await page.context().close();
  });
});
