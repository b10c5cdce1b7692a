import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  deltaCharacters,
  estimatePromptTokens,
  usageAsked,
  usageIn,
  usageInText,
} from '../../../src/core/accounting/usage.ts';

describe('usage in an answer', () => {
  test.each([
    ['chat', { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 }, [3, 2, 0]],
    ['embeddings', { prompt_tokens: 3, total_tokens: 3 }, [3, 0, 0]],
    ['responses', { input_tokens: 3, output_tokens: 2 }, [3, 2, 0]],
    [
      'cached',
      { prompt_tokens: 3, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 2 } },
      [3, 2, 2],
    ],
    [
      'details null',
      { prompt_tokens: 3, completion_tokens: 2, prompt_tokens_details: null },
      [3, 2, 0],
    ],
    [
      'prompt by the total',
      { prompt_tokens: null, completion_tokens: 2, total_tokens: 5 },
      [3, 2, 0],
    ],
  ])('%s', (_, usage, [promptTokens, completionTokens, cachedTokens]) => {
    expect(usageIn({ usage })).toEqual({ promptTokens, completionTokens, cachedTokens });
  });

  test.each([
    ['none', {}],
    ['null', { usage: null }],
    ['null fields', { usage: { prompt_tokens: null, completion_tokens: null } }],
    ['a text', { usage: 'many' }],
    ['negative', { usage: { prompt_tokens: -1, completion_tokens: Number.NaN } }],
    ['absurd', { usage: { prompt_tokens: 1e12 } }],
  ])('%s: unknown, not zero', (_, answer) => expect(usageIn(answer)).toBeUndefined());

  test('more cached than prompt is no credit', () => {
    const usage = { prompt_tokens: 3, prompt_tokens_details: { cached_tokens: 9 } };
    expect(usageIn({ usage })?.cachedTokens).toBe(3);
  });
});

describe('usage in an answer’s text', () => {
  const usage = fc.record(
    {
      prompt_tokens: fc.option(fc.nat(9999)),
      completion_tokens: fc.nat(9999),
      prompt_tokens_details: fc.option(fc.record({ cached_tokens: fc.nat(99) })),
      tier: fc.constantFrom('{', '}', '"usage":{}', 'a'),
    },
    { requiredKeys: [] },
  );
  const word = fc.constantFrom('usage', '"usage":{"prompt_tokens":1}}', '{', '}', '\\', 'cool');
  const value = fc.oneof(usage, word, fc.constant(null), fc.record({ usage }), fc.array(word));
  const member = fc.tuple(fc.constantFrom('usage', 'response', 'choices', 'x'), value);

  test('is what is in the answer, wherever it stands', () => {
    fc.assert(
      fc.property(fc.array(member, { maxLength: 5 }), fc.nat(2), (members, indent) => {
        const answer = Object.fromEntries(members);
        expect(usageInText(JSON.stringify(answer, null, indent))).toEqual(usageIn(answer));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['of vLLM', '"prompt_logprobs":null,"kv_transfer_params":null'],
    ['of OpenAI', '"service_tier":"default","system_fingerprint":null'],
    ['with an object after it', '"timings":{"usage":{"prompt_tokens":9}}'],
  ])('%s', (_, rest) => {
    const text = `{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2},${rest}}`;
    expect(usageInText(text)).toMatchObject({ promptTokens: 3, completionTokens: 2 });
  });

  test('no JSON: unknown', () => expect(usageInText('{"usage":{')).toBeUndefined());
});

describe('asking for usage', () => {
  test.each([
    [
      'no options',
      '{ "seed": 1e2, "stream":true,"model":"m"}',
      '{"stream_options":{"include_usage":true}, "seed": 1e2, "stream":true,"model":"m"}',
    ],
    [
      'others',
      '{"stream":true,"stream_options": {"other":1},"seed":1e2}',
      '{"stream":true,"stream_options": {"other":1,"include_usage":true},"seed":1e2}',
    ],
    [
      'null',
      '{"stream":true,"stream_options":null}',
      '{"stream":true,"stream_options":{"include_usage":true}}',
    ],
    [
      'refused',
      '{"stream":true,"stream_options":{"include_usage":false}}',
      '{"stream":true,"stream_options":{"include_usage":true}}',
    ],
  ])('options: %s; no other byte changes', (_, text, sent) => {
    expect(usageAsked('chat/completions', JSON.parse(text), text)).toEqual({
      text: sent,
      added: true,
    });
  });

  test.each([
    ['one that asked', 'completions', { stream: true, stream_options: { include_usage: true } }],
    ['a plain one', 'chat/completions', { stream: false }],
    ['responses, which always bring it', 'responses', { stream: true }],
    ['options of a wrong type', 'completions', { stream: true, stream_options: 'yes' }],
  ])('%s stays as it is', (_, endpoint, body) => {
    const text = JSON.stringify(body);
    expect(usageAsked(endpoint, body, text)).toEqual({ text, added: false });
  });
});

test('a prompt is estimated from its words, not from its pictures', () => {
  const messages = [
    { role: 'user', content: [{ type: 'text', text: 'x'.repeat(396) }] },
    {
      role: 'user',
      content: [{ image_url: { url: `data:image/png;base64,${'A'.repeat(9999)}` } }],
    },
  ];
  expect(estimatePromptTokens({ messages })).toBeLessThan(110);
  expect(estimatePromptTokens({ prompt: 'x'.repeat(400) })).toBe(100);
});

test('tool calls and reasoning are part of the answer', () => {
  const delta = { reasoning_content: 'ab', tool_calls: [{ function: { arguments: 'cde' } }] };
  expect(deltaCharacters({ choices: [{ delta }] })).toBe(5);
  expect(deltaCharacters({ choices: [{ text: 'abc' }, { text: '' }] })).toBe(3);
  expect(deltaCharacters({ type: 'response.output_text.done', delta: 'x' })).toBe(0);
});
