import { expect, test } from 'vitest';
import { continueTrace } from '../../../src/core/routing/trace-context.ts';

const hex = (bytes: number) => 'ab'.repeat(bytes);
const id = '4bf92f3577b34da6a3ce929d0e0e4736';

test('a trace is continued with a span of its own', () => {
  const given = `00-${id}-00f067aa0ba902b7-01`;
  expect(continueTrace(given, 'a=1', hex)).toEqual({
    traceId: id,
    traceparent: `00-${id}-abababababababab-01`,
    tracestate: 'a=1',
  });
});

test.each([
  ['none', null],
  ['of zeros', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`],
  ['of an invalid version', `ff-${id}-00f067aa0ba902b7-01`],
  ['in capitals', `00-${id.toUpperCase()}-00f067aa0ba902b7-01`],
  ['garbage', 'x'.repeat(10_000)],
])('%s: a new one is begun, and the state is dropped', (_, given) => {
  const trace = continueTrace(given, 'a=1', hex);
  expect(trace).toEqual({ traceId: hex(16), traceparent: `00-${hex(16)}-${hex(8)}-00` });
});
