import { type Env, now } from './env.ts';
import { sharedStatus } from './status.ts';

/** How often the status is looked at, and how old it may be then. */
const LOOK_MS = 2000;
/** Without news a sign of life is sent after this long. */
const TICK_MS = 10_000;
/** A stream ends after this long and the page asks for another: an invocation's reads are limited. */
const STREAM_MS = 300_000;

const encoder = new TextEncoder();
const eventOf = (name: string, data: unknown) =>
  encoder.encode(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);

/**
 * The status as server-sent events: `status` whenever it changed, `tick` with the time between, and
 * `unreadable` while it cannot be read.
 */
export function statusEvents(env: Env): Response {
  const endMs = Date.now() + STREAM_MS;
  let lastText = '';
  let lastSentMs = 0;
  let isOpen = true;
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      while (isOpen && Date.now() < endMs) {
        const event = await news();
        if (event) {
          controller.enqueue(event);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
      if (isOpen) controller.close();
    },
    cancel() {
      isOpen = false;
    },
  });
  async function news(): Promise<Uint8Array | undefined> {
    let event: Uint8Array | undefined;
    const nowMs = Date.now();
    try {
      const body = await sharedStatus(env, LOOK_MS / 2);
      const { nowUtcMs: _, ...lasting } = body;
      const text = JSON.stringify(lasting);
      if (text !== lastText) event = eventOf('status', { ...body, nowUtcMs: now(env) });
      lastText = text;
    } catch (error) {
      if (lastText !== 'unreadable') event = eventOf('unreadable', {});
      lastText = 'unreadable';
      console.error(`the status cannot be read: ${error}`);
    }
    if (!event && nowMs - lastSentMs > TICK_MS) event = eventOf('tick', { nowUtcMs: now(env) });
    if (event) lastSentMs = nowMs;
    return event;
  }
  return new Response(stream, {
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
  });
}
