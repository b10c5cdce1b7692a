import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Fault } from './faults.ts';
import { readJson, sendJson } from './http.ts';
import type { SiteLoad } from './load.ts';
import type { Endpoint } from './request.ts';
import { parseGenerationRequest } from './request.ts';
import { ResponsesWire } from './responses-wire.ts';
import { createRandom, drawOutputTokens, hashText, writeTokens } from './text.ts';
import { ChatWire } from './wire.ts';

const MID_STREAM: Fault['kind'][] = ['die-mid-stream', 'end-early', 'stall'];

export interface Counters {
  received: number;
  completed: number;
  rejected: number;
  faulted: number;
  aborted: number;
  abortedTokensSaved: number;
  promptTokens: number;
  completionTokens: number;
}

export interface GenerationContext {
  siteId: string;
  models: readonly string[];
  seed: number;
  meanOutputTokens: number;
  load: SiteLoad;
  counters: Counters;
}

/** Answers one request that generates text, whole or streamed. */
export async function generate(
  context: GenerationContext,
  endpoint: Endpoint,
  fault: Fault,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const { counters } = context;
  const request = parseGenerationRequest(await readJson(req), endpoint, context.models);
  const random = createRandom(hashText(`${context.seed}/${context.siteId}/${request.prompt}`));
  const outputTokens = request.maxTokens ?? drawOutputTokens(random, context.meanOutputTokens);
  const finishReason = request.maxTokens === null ? 'stop' : 'length';
  const tokens = writeTokens(context.siteId, outputTokens, random);
  const wire = endpoint === 'responses' ? new ResponsesWire(request) : new ChatWire(request);
  counters.promptTokens += request.inputTokens;

  const ended = new AbortController();
  const dies = MID_STREAM.includes(fault.kind);
  // A short answer must not escape its fault: it dies in place of its ending.
  const dieAfter = dies ? Math.min(fault.afterTokens ?? 5, outputTokens) : null;
  let emitted = 0;
  let died = false;
  const die = () => {
    died = true;
    ended.abort();
    if (fault.kind === 'die-mid-stream') res.destroy();
    // Looks like an end, as a proxy gives it whose server has died.
    else if (fault.kind === 'end-early') res.end();
  };
  // Before the answer is complete, a closed connection means the client went away.
  res.once('close', () => ended.abort());
  if (res.destroyed) ended.abort();

  if (request.stream) {
    // Like vLLM, a stream sends its 200 at once: queueing and prefill follow the headers.
    res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    res.flushHeaders();
    const greeting = wire.greeting();
    if (greeting) res.write(greeting);
  }
  try {
    await context.load.run({
      inputTokens: request.inputTokens,
      // Death takes a step of its own, which leaves time for the last token to reach the client.
      outputTokens: dieAfter === null ? outputTokens : dieAfter + 1,
      prefillFactor: fault.kind === 'slow' ? (fault.factor ?? 10) : 1,
      signal: ended.signal,
      onToken: (index) => {
        if (index === dieAfter) {
          die();
          return;
        }
        emitted += 1;
        counters.completionTokens += 1;
        if (!request.stream) return;
        res.write((index === 0 ? wire.opening() : '') + wire.tokenChunk(tokens[index] ?? ''));
      },
    });
  } catch (error) {
    if (!ended.signal.aborted) throw error;
  }
  if (died) {
    counters.faulted += 1;
  } else if (ended.signal.aborted) {
    counters.aborted += 1;
    counters.abortedTokensSaved += outputTokens - emitted;
  } else {
    counters.completed += 1;
    if (request.stream) res.end(wire.ending(outputTokens, finishReason));
    else sendJson(res, 200, wire.whole(tokens.join(''), outputTokens, finishReason));
  }
}
