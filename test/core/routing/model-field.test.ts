import fc from 'fast-check';
import { expect, test } from 'vitest';
import { withModel } from '../../../src/core/routing/model-field.ts';

test.each([
  ['{"model":"a"}', '{"model":"b"}'],
  [
    '{ "seed" : 12345678901234567890, "model" : "a" , "x":1.0}',
    '{ "seed" : 12345678901234567890, "model" : "b" , "x":1.0}',
  ],
  // Given twice, replaced twice, whatever the first was.
  ['{"model":"a","model":"c"}', '{"model":"b","model":"b"}'],
  ['{"model":{"model":[1,"}"]},"model":"c"}', '{"model":"b","model":"b"}'],
  ['{"model":null,"model":"c"}', '{"model":"b","model":"b"}'],
  // A key with escapes is the same key.
  ['{"m\\u006fdel":"a"}', '{"m\\u006fdel":"b"}'],
  // Elsewhere it is somebody else's business.
  [
    '{"tools":[{"model":"a"}],"user":"\\"model\\":\\"a\\"","model":"a\\\\"}',
    '{"tools":[{"model":"a"}],"user":"\\"model\\":\\"a\\"","model":"b"}',
  ],
  ['{}', '{}'],
])('%s', (text, expected) => {
  expect(withModel(text, 'b')).toBe(expected);
});

test('a name is written as JSON', () => {
  expect(withModel('{"model":"a"}', 'q"\\')).toBe('{"model":"q\\"\\\\"}');
});

test('for any object: the model is the new one, and all else as it was', () => {
  const property = fc.property(
    fc.dictionary(fc.string(), fc.jsonValue()),
    fc.string(),
    fc.string(),
    fc.constantFrom(undefined, 2),
    (rest, model, name, indent) => {
      const body = { ...rest, model };
      const out = JSON.parse(withModel(JSON.stringify(body, null, indent), name));
      expect(out).toEqual(JSON.parse(JSON.stringify({ ...body, model: name })));
    },
  );
  fc.assert(property, { numRuns: 300 });
});
