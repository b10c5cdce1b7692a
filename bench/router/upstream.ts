/**
 * A server of canned answers, as cheap as Node makes one: it runs as a process of its own and prints
 * its port. A body with `"stream":true` gets events one by one, any other a whole answer. Its
 * `metadata` may say how many events, and how long after each other.
 */
import { createServer, type ServerResponse } from 'node:http';

const EVENTS = 32;

const answer = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1,
  model: 'llama-2-70b-chat',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'cool '.repeat(100) },
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 100, completion_tokens: 100, total_tokens: 200 },
});
const head = { 'content-type': 'application/json', 'content-length': answer.length };
const delta = { index: 0, delta: { content: 'cool' }, logprobs: null, finish_reason: null };
const chunk = {
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'llama-2-70b-chat',
};
const event = `data: ${JSON.stringify({ ...chunk, choices: [delta] })}\n\n`;

function sendEvents(res: ServerResponse, left: number, paceMs: number): void {
  if (res.destroyed) return;
  if (left === 0) {
    res.end('data: [DONE]\n\n');
    return;
  }
  res.write(event);
  if (paceMs === 0) setImmediate(sendEvents, res, left - 1, paceMs);
  else setTimeout(sendEvents, paceMs, res, left - 1, paceMs);
}

const server = createServer((req, res) => {
  let text = '';
  req.setEncoding('latin1');
  req.on('data', (piece: string) => {
    text += piece;
  });
  req.on('end', () => {
    if (!text.includes('"stream":true')) {
      res.writeHead(200, head).end(answer);
      return;
    }
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    const [, events, paceMs] = /"events":(\d+),"paceMs":(\d+)/.exec(text) ?? [];
    sendEvents(res, Number(events ?? EVENTS), Number(paceMs ?? 0));
  });
});
server.keepAliveTimeout = 65_000;
server.listen(0, '127.0.0.1', () => {
  process.send?.((server.address() as { port: number }).port);
});
