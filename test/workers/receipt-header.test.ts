import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { receiptOutsetSchema, receiptSchema } from '../../src/core/accounting/receipt-view.ts';
import { health } from '../../src/workers/site-health.ts';
import { playCounting, settled } from './support/accounts.ts';
import { chat, hello } from './support/client.ts';
import { events, playUpstreams } from './support/upstreams.ts';

/** What a receipt says, by the schema that the OpenAPI document shows. */

beforeEach(() => {
  vi.spyOn(console, 'log').mockReturnValue();
});
afterEach(async () => {
  await settled();
  vi.restoreAllMocks();
  health.clear();
});

const headerOf = (response: Response) =>
  JSON.parse(response.headers.get('x-isotherm-receipt') as string);
const commentIn = (text: string) =>
  JSON.parse(/^: isotherm-receipt (.*)$/m.exec(text)?.[1] as string);
const inHobart = { 'x-isotherm-zone': 'hobart' };

describe('a receipt is as its schema says', () => {
  test.each([
    ['at no price', {}],
    ['at a reference price', { REFERENCE_AUD_PER_KWH: '0.25' }],
  ])('%s', async (_, vars) => {
    playCounting(() => ({ prompt_tokens: 1000, completion_tokens: 200 }));
    const whole = await chat(hello(), { headers: inHobart, vars });
    expect(receiptSchema.parse(headerOf(whole))).toEqual(headerOf(whole));
    const headers = { ...inHobart, 'x-isotherm-receipt': 'stream' };
    const stream = await chat(hello({ stream: true }), { headers, vars });
    const outset = receiptOutsetSchema.parse(headerOf(stream));
    const receipt = receiptSchema.parse(commentIn(await stream.text()));
    // Nothing that was said at the beginning is taken back.
    const { counterfactual, ...own } = outset;
    expect(receipt).toMatchObject(own);
    expect(receipt.counterfactual).toMatchObject(counterfactual);
  });
});

describe('the time to first byte on a receipt', () => {
  const TAKEN_MS = 5000;
  const none = { id: 'x', object: 'chat.completion' };
  const long = { ...none, data: 'x'.repeat(2 * 1024 * 1024) };
  const answers: [string, boolean, () => Response, 'estimated' | 'unknown'][] = [
    ['a stream', true, () => events('data: {"choices":[]}\n\ndata: [DONE]\n\n'), 'estimated'],
    ['a whole answer', false, () => Response.json(none), 'estimated'],
    ['one that is not read to its end', false, () => Response.json(long), 'unknown'],
  ];

  /** The nearest refuses, or not; each answer comes 5 s after its question. */
  async function timed(stream: boolean, answer: () => Response, refuses: boolean) {
    const realMs = Date.now.bind(Date);
    let aheadMs = 0;
    vi.spyOn(Date, 'now').mockImplementation(() => realMs() + aheadMs);
    const asked: string[] = [];
    playUpstreams((_request, site) => {
      asked.push(site);
      if (refuses && asked.length === 1) return Response.json({}, { status: 503 });
      aheadMs += TAKEN_MS;
      return answer();
    });
    const response = await chat(hello({ stream }));
    await response.text();
    const [nearest] = asked;
    return { nearest, site: asked.at(-1), receipt: headerOf(response) };
  }

  test.each(answers)(
    'of %s is measured, and the nearest site’s own where that answers',
    async (_, stream, answer) => {
      const { nearest, receipt } = await timed(stream, answer, false);
      expect(receipt.site).toBe(nearest);
      expect(receipt.ttftMs).toBeGreaterThanOrEqual(TAKEN_MS);
      expect(receipt.counterfactual).toMatchObject({ site: nearest, ttftMs: receipt.ttftMs });
    },
  );

  test.each(answers)(
    'of %s elsewhere is set beside the nearest site’s',
    async (_, stream, answer, known) => {
      const { nearest, site, receipt } = await timed(stream, answer, true);
      expect(receipt.site).toBe(site);
      expect(receipt.counterfactual.site).toBe(nearest);
      expect(nearest).not.toBe(site);
      expect(receipt.ttftMs).toBeGreaterThanOrEqual(TAKEN_MS);
      if (known === 'unknown') expect(receipt.counterfactual.ttftMs).toBeNull();
      else expect(receipt.counterfactual.ttftMs).toBeLessThan(receipt.ttftMs);
    },
  );
});
