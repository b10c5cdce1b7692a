import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StreamMeter } from '../../../src/core/accounting/stream-meter.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

function joined(pieces: Uint8Array[]): string {
  return pieces.map((p) => Array.from(p, (b) => String.fromCharCode(b)).join('')).join('');
}
const latin = (text: string) => joined([bytes(text)]);

/** Runs a stream cut at the given places. */
function run(stream: Uint8Array, cuts: number[], hideUsage = true, promptTokens = 5) {
  const meter = new StreamMeter({ hideUsage, promptTokens });
  const out: Uint8Array[] = [];
  const ends = [...new Set(cuts.map((c) => c % (stream.length + 1)))].sort((a, b) => a - b);
  let from = 0;
  for (const to of [...ends, stream.length]) {
    out.push(...meter.push(stream.slice(from, to)));
    from = to;
  }
  out.push(...meter.end());
  return { text: joined(out), ...meter.tally() };
}

const chunk = (content: string, more: object = {}) => ({
  id: 'x',
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
  ...more,
});
const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };
const usageEvent = { id: 'x', choices: [], usage };
const data = (event: object, nl = '\n') => `data: ${JSON.stringify(event)}${nl}${nl}`;
const done = (nl = '\n') => `data: [DONE]${nl}${nl}`;

describe('what passes', () => {
  const lineEnd = fc.constantFrom('\n', '\r\n', '\r');
  const block = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }).map((s) => ({ kind: 'delta' as const, s })),
    fc.constant({ kind: 'usage' as const, s: '' }),
    fc
      .constantFrom(': heartbeat', 'event: ping', 'data', 'retry: 10', 'data: {"broken":', '')
      .map((s) => ({ kind: 'other' as const, s })),
  );

  test('every byte but the extra usage event, whatever the line ends and wherever it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(block, { maxLength: 8 }),
        lineEnd,
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.boolean(),
        (blocks, nl, cuts, hideUsage) => {
          const text = (b: (typeof blocks)[number]) =>
            b.kind === 'delta'
              ? data(chunk(b.s), nl)
              : b.kind === 'usage'
                ? data(usageEvent, nl)
                : `${b.s}${nl}${nl}`;
          const all = blocks.map(text).join('') + done(nl);
          const kept =
            blocks
              .filter((b) => !hideUsage || b.kind !== 'usage')
              .map(text)
              .join('') + done(nl);
          const result = run(bytes(all), cuts, hideUsage);
          expect(result.text).toBe(latin(kept));
        },
      ),
    );
  });

  test('cut at every byte, with letters of several bytes', () => {
    const text = `: hi\r\n\r\n${data(chunk('Öß漢🙂'), '\r\n')}${data(usageEvent, '\r\n')}${done('\r\n')}`;
    const stream = bytes(text);
    const kept = latin(text.replace(data(usageEvent, '\r\n'), ''));
    for (let cut = 0; cut <= stream.length; cut++) {
      const result = run(stream, [cut]);
      expect(result).toMatchObject({ text: kept, estimated: false });
      expect(result.usage).toEqual({ promptTokens: 11, completionTokens: 7, cachedTokens: 0 });
    }
    const single = run(
      stream,
      Array.from(stream, (_, i) => i),
    );
    expect(single.text).toBe(kept);
  });

  test('a chunk that passes whole stays one piece', () => {
    const stream = bytes(data(chunk('a')) + data(chunk('b')) + done());
    const pieces = new StreamMeter({ hideUsage: true, promptTokens: 0 }).push(stream);
    expect(pieces).toHaveLength(1);
    expect(pieces[0]).toEqual(stream);
  });

  test('an event is held only until it is whole', () => {
    const meter = new StreamMeter({ hideUsage: true, promptTokens: 0 });
    expect(joined(meter.push(bytes(`${data(chunk('a'))}data: {"ch`)))).toBe(data(chunk('a')));
  });

  test('a heartbeat that stands in the usage event passes', () => {
    const stream = `${data(chunk('a'))}: ping\n${data(usageEvent)}${done()}`;
    expect(run(bytes(stream), []).text).toBe(`${data(chunk('a'))}: ping\n${done()}`);
  });

  test('a line of 50 MB is not held', () => {
    const meter = new StreamMeter({ hideUsage: true, promptTokens: 3 });
    const piece = new Uint8Array(1024 * 1024).fill(97);
    let heldBytes = 0;
    let mostHeld = 0;
    const count = (given: number, out: Uint8Array[]) => {
      heldBytes += given - out.reduce((sum, p) => sum + p.length, 0);
      mostHeld = Math.max(mostHeld, heldBytes);
    };
    const head = bytes('data: ');
    count(head.length, meter.push(head));
    for (let n = 0; n < 50; n++) count(piece.length, meter.push(piece));
    const tail = bytes(`\n\n${data(usageEvent)}${done()}`);
    const out = meter.push(tail);
    expect(mostHeld).toBeLessThanOrEqual(1024 * 1024);
    expect(joined(out)).toBe(`\n\n${done()}`);
    expect(meter.tally().usage.completionTokens).toBe(7);
  });

  test('an event without its blank line at the end is read and passes', () => {
    const cutOff = `data: ${JSON.stringify(chunk('a', { usage }))}`;
    expect(run(bytes(cutOff), [3])).toMatchObject({ text: cutOff, estimated: false });
  });
});

describe('what is counted', () => {
  test.each([
    ['with the finish reason in one chunk', [chunk('a'), chunk('', { usage })]],
    [
      'cumulative in every chunk',
      [
        chunk('a', { usage: { ...usage, completion_tokens: 1 } }),
        chunk('b', { usage: { ...usage, completion_tokens: 4 } }),
        chunk('c', { usage }),
      ],
    ],
    ['twice the same', [chunk('a', { usage }), usageEvent]],
    ['null until the end', [chunk('a', { usage: null }), { ...usageEvent }]],
    [
      'followed by zeros',
      [chunk('a'), usageEvent, { choices: [], usage: { prompt_tokens: 0, completion_tokens: 0 } }],
    ],
  ])('usage %s', (_, events) => {
    const { usage: counted, estimated } = run(
      bytes(events.map((e) => data(e)).join('') + done()),
      [],
    );
    expect(counted).toEqual({ promptTokens: 11, completionTokens: 7, cachedTokens: 0 });
    expect(estimated).toBe(false);
  });

  test('of /v1/responses, from its last event', () => {
    const events = [
      { type: 'response.created', response: { usage: null } },
      { type: 'response.output_text.delta', delta: 'hello' },
      {
        type: 'response.completed',
        response: {
          usage: {
            input_tokens: 9,
            output_tokens: 3,
            input_tokens_details: { cached_tokens: 4 },
          },
        },
      },
    ];
    const stream = events.map((e) => `event: ${e.type}\n${data(e)}`).join('');
    const result = run(bytes(stream), [10, 90]);
    expect(result.text).toBe(stream);
    expect(result.usage).toEqual({ promptTokens: 9, completionTokens: 3, cachedTokens: 4 });
  });

  test('deltas, where the site gives no usage: estimated', () => {
    const { usage: counted, estimated } = run(
      bytes(data(chunk('a')) + data(chunk('b')) + data(chunk('')) + done()),
      [],
    );
    expect(counted).toEqual({ promptTokens: 5, completionTokens: 2, cachedTokens: 0 });
    expect(estimated).toBe(true);
  });

  test('a stream that breaks after a cumulative usage: that, and the deltas since', () => {
    const first = chunk('a', { usage: { prompt_tokens: 11, completion_tokens: 1 } });
    const { usage: counted, estimated } = run(bytes(data(first) + data(chunk('b'))), []);
    expect(counted).toEqual({ promptTokens: 11, completionTokens: 2, cachedTokens: 0 });
    expect(estimated).toBe(true);
  });

  test('usage split over several data lines of one event', () => {
    const lines = JSON.stringify(usageEvent, null, 1).split('\n');
    const event = `${lines.map((l) => `data: ${l}`).join('\n')}\n\n`;
    expect(run(bytes(event), [20]).usage.completionTokens).toBe(7);
  });
});
