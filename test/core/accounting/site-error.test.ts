import fc from 'fast-check';
import { expect, test } from 'vitest';
import { siteErrorIn } from '../../../src/core/accounting/site-error.ts';
import { StreamMeter } from '../../../src/core/accounting/stream-meter.ts';

test.each<[string, unknown, boolean]>([
  ['of vLLM', { error: { message: 'm', type: 'InternalServerError', code: 500 } }, false],
  ['of vLLM, the request’s', { error: { message: 'm', code: 400 } }, true],
  ['with choices beside it', { id: 'x', choices: [], error: { code: 502 } }, false],
  ['a busy site’s', { error: { code: 429 } }, false],
  ['a text', { error: 'out of memory' }, false],
  ['an object of that name', { object: 'error', code: 400 }, true],
  ['event of /v1/responses', { type: 'error', code: 'server_error' }, false],
  ['end of /v1/responses', { type: 'response.failed', response: { error: { code: 'x' } } }, false],
])('an error %s', (_, event, isClients) => {
  expect(siteErrorIn(event)).toEqual({ isClients });
});

test.each<[unknown]>([
  [{ choices: [{ delta: { content: 'error' } }] }],
  [{ choices: [], error: null }],
  [{ type: 'response.completed', response: { error: null } }],
  [{ type: 'response.incomplete' }],
  [['error']],
  ['error'],
  [null],
])('%j is none', (event) => {
  expect(siteErrorIn(event)).toBeUndefined();
});

test('a stream’s error is found however its bytes are cut', () => {
  const bytes = new TextEncoder().encode(
    'data: {"choices":[]}\n\ndata: {"error":{"code":500}}\n\ndata: [DONE]\n\n',
  );
  fc.assert(
    fc.property(fc.array(fc.nat(bytes.length), { maxLength: 8 }), (cuts) => {
      const meter = new StreamMeter({ hideUsage: true, promptTokens: 1 });
      const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      for (let n = 1; n < at.length; n++) meter.push(bytes.subarray(at[n - 1], at[n]));
      meter.end();
      expect(meter.error).toEqual({ isClients: false });
    }),
  );
});
