import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** What a keyboard alone can do with a page. */

/** Everything that takes the focus; of radio buttons of one name the one that Tab comes to. Runs in the page. */
const stopsOfPage = `(() => {
  const all = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';
  const isThere = (e) => e.checkVisibility({ visibilityProperty: true }) && !e.disabled;
  const chosen = (e) => {
    if (e.type !== 'radio') return true;
    const group = [...document.querySelectorAll('input[type=radio]')].filter((r) => r.name === e.name);
    return e === (group.find((r) => r.checked) ?? group[0]);
  };
  return [...document.querySelectorAll(all)].filter((e) => isThere(e) && chosen(e));
})()`;

/** Notes every stop, with what cannot be seen of it. Runs in the page. */
const watchFocus = `(() => {
  window.visited = [];
  document.addEventListener('focusin', ({ target }) => {
    const style = getComputedStyle(target);
    const isMarked = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    const { left, right, top, bottom } = target.getBoundingClientRect();
    const isOnScreen = right > 0 && bottom > 0 && left < innerWidth && top < innerHeight;
    window.visited.push({ element: target, isMarked, isOnScreen });
  });
})()`;

const nameOf = `((e) => (e.tagName + ' ' + (e.ariaLabel ?? e.innerText ?? e.name ?? '')).slice(0, 60))`;

export async function watch(page: Page): Promise<void> {
  await page.evaluate(watchFocus);
}

/**
 * Goes through all of a view by Tab alone: it comes by everything there is, and shows each time where
 * it is.
 */
export async function expectWalk(page: Page, view: string): Promise<void> {
  await page.evaluate(
    '(document.activeElement?.blur(), getSelection()?.removeAllRanges(), window.visited = [])',
  );
  const count = await page.evaluate<number>(`${stopsOfPage}.length`);
  expect(count, view).toBeGreaterThan(5);
  // From wherever it begins once around: the browser itself may be a stop, too.
  for (let n = 0; n < count + 3; n++) await page.keyboard.press('Tab');
  const [missed, unseen] = await page.evaluate<[string[], string[]]>(`(() => {
    const visited = new Set(window.visited.map((v) => v.element));
    const missed = ${stopsOfPage}.filter((e) => !visited.has(e));
    const unseen = window.visited.filter((v) => !(v.isMarked && v.isOnScreen));
    return [missed.map(${nameOf}), unseen.map((v) => ${nameOf}(v.element))];
  })()`);
  expect(missed, `${view}: not reached by Tab`).toEqual([]);
  expect(unseen, `${view}: focus not seen`).toEqual([]);
}

/**
 * Opens a dialog from a control by Enter: the focus is in it and stays there, however often Tab is
 * pressed, Escape closes it, and the control has the focus again.
 */
export async function expectTrap(page: Page, control: string): Promise<void> {
  const opener = page.getByRole('button', { name: control, exact: true });
  await opener.focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.waitFor();
  // The browser's own controls may have it between; the page behind may not.
  const where = `(() => {
    const { activeElement } = document;
    if (activeElement === document.body) return 'browser';
    return activeElement.closest('dialog') ? 'dialog' : 'behind';
  })()`;
  const seen = [await page.evaluate(where)];
  const stops = await dialog.locator('button, input').count();
  for (const key of ['Tab', 'Shift+Tab']) {
    for (let n = 0; n < stops + 3; n++) {
      await page.keyboard.press(key);
      seen.push(await page.evaluate(where));
    }
  }
  expect(seen[0], control).toBe('dialog');
  expect(seen, control).not.toContain('behind');
  expect(seen.filter((s) => s === 'dialog').length).toBeGreaterThan(2 * stops);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  await expect.poll(() => opener.evaluate((e) => e === e.ownerDocument.activeElement)).toBe(true);
}
