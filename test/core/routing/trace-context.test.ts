import { expect, test } from 'vitest';
import { continueTrace } from '../../../src/core/routing/trace-context.ts';

const uuid = '9f1c2d3e-4a5b-4c6d-8e7f-0123456789ab';
const id = '4bf92f3577b34da6a3ce929d0e0e4736';

test('a trace is continued with a span of its own', () => {
  const given = `00-${id}-00f067aa0ba902b7-01`;
  expect(continueTrace(given, 'a=1', uuid)).toEqual({
    traceId: id,
    traceparent: `00-${id}-8e7f0123456789ab-01`,
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
  const trace = continueTrace(given, 'a=1', uuid);
  const traceId = '9f1c2d3e4a5b4c6d8e7f0123456789ab';
  expect(trace).toEqual({ traceId, traceparent: `00-${traceId}-8e7f0123456789ab-00` });
});
