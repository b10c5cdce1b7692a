import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_LINE_BYTES, StreamEnd } from '../../../src/core/routing/stream-end.ts';

const encoder = new TextEncoder();

/** The same bytes, cut at the given places. */
function seen(text: string, ending: StreamEnd['ending'], cuts: number[] = []): StreamEnd {
  const bytes = encoder.encode(text);
  const end = new StreamEnd(ending);
  const at = [0, ...cuts.map((c) => c % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  for (let n = 1; n < at.length; n++) end.see(bytes.subarray(at[n - 1], at[n]));
  return end;
}

const cuts = fc.array(fc.nat(), { maxLength: 20 });
const chat = 'data: {"a":"é"}\n\ndata: [DONE]\n\n';
const responses = `event: response.created\ndata: {}\n\nevent: response.completed\ndata: {"x":"${'y'.repeat(300)}"}\n\n`;

test('a complete stream is known as such, however its bytes are cut', () => {
  fc.assert(
    fc.property(cuts, (at) => {
      expect(seen(chat, 'done-marker', at).complete).toBe(true);
      expect(seen(responses, 'response-event', at).complete).toBe(true);
    }),
  );
});

test.each([
  ['nothing', '', 'done-marker'],
  ['no marker', 'data: {}\n\n', 'done-marker'],
  ['a marker in a text', 'data: {"content":"data: [DONE]"}\n\n', 'done-marker'],
  ['half a marker', 'data: {}\n\ndata: [DO', 'done-marker'],
  [
    'an event’s name in a text',
    'event: response.output_text.delta\ndata: {"delta":"\\nevent: response.completed\\n"}\n\n',
    'response-event',
  ],
] as const)('not complete: %s', (_, text, ending) => {
  fc.assert(
    fc.property(cuts, (at) => {
      expect(seen(text, ending, at).complete).toBe(false);
    }),
  );
});

test('a boundary between events is told from the middle of one', () => {
  expect(seen('data: {}\n\n', 'done-marker').betweenEvents).toBe(true);
  expect(seen('data: {}\r\n\r\n', 'done-marker').betweenEvents).toBe(true);
  expect(seen('data: {"a":', 'done-marker').betweenEvents).toBe(false);
  expect(seen('data: {}\n', 'done-marker').betweenEvents).toBe(false);
});

test('a line that is too long is told, a long stream of short ones is not', () => {
  const end = new StreamEnd('done-marker');
  const line = encoder.encode(`data: ${'x'.repeat(4000)}\n\n`);
  for (let n = 0; n < 3 * (MAX_LINE_BYTES / line.length); n++) expect(end.see(line)).toBe(true);
  const piece = new Uint8Array(1024 * 1024).fill(0x78);
  const pieces = MAX_LINE_BYTES / piece.length;
  for (let n = 0; n < pieces; n++) expect(end.see(piece)).toBe(true);
  expect(end.see(piece)).toBe(false);
});
