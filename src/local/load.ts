import type { PublicFleet } from '../core/model/fleet.ts';
import type { TrafficRequest } from '../sim/traffic/traffic.ts';
import { Traffic } from '../sim/traffic/traffic.ts';

/** Sends made-up requests to a router on this machine, and reads their answers to the end. */

export interface LoadOptions {
  /** Root of the router. */
  url: string;
  /** Client key. */
  key: string;
  fleet: PublicFleet;
  /** Mean over a day. */
  reqPerS: number;
  seed: number;
  /** The system's clock. */
  nowUtcMs: () => number;
}

export interface LoadCounts {
  sent: number;
  /** Read to the end of a good stream. */
  ok: number;
  /** Another status, a broken stream, or no answer. */
  failed: number;
  /** Not sent, since so many were under way. */
  heldBack: number;
}

export interface Load {
  counts(): LoadCounts;
  /** Ends at once; requests under way are given up. */
  stop(): void;
}

const TICK_MS = 100;
/** After a longer pause, such as of a laptop that slept, what would have come is not made up for. */
const MAX_CATCH_UP_S = 1;
/** Beyond this a machine is slower than its load; more would only make a queue of sockets. */
const MAX_UNDER_WAY = 200;
/** The simulated servers count four characters a token. */
const CHARS_PER_TOKEN = 4;

export function startLoad(options: LoadOptions): Load {
  const traffic = new Traffic(options.fleet, options.reqPerS, options.seed);
  const counts: LoadCounts = { sent: 0, ok: 0, failed: 0, heldBack: 0 };
  const stopped = new AbortController();
  const begunMs = performance.now();
  let underWay = 0;
  let doneS = 0;

  async function send(request: TrafficRequest): Promise<void> {
    counts.sent++;
    underWay++;
    try {
      const isGood = await sendOne(options, request, stopped.signal);
      counts[isGood ? 'ok' : 'failed']++;
    } catch {
      if (!stopped.signal.aborted) counts.failed++;
    } finally {
      underWay--;
    }
  }

  const timer = setInterval(() => {
    const nowS = (performance.now() - begunMs) / 1000;
    const fromS = Math.max(doneS, nowS - MAX_CATCH_UP_S);
    for (const request of traffic.between(fromS, nowS, options.nowUtcMs())) {
      if (underWay < MAX_UNDER_WAY) void send(request);
      else counts.heldBack++;
    }
    doneS = nowS;
  }, TICK_MS);
  return {
    counts: () => ({ ...counts }),
    stop: () => {
      clearInterval(timer);
      stopped.abort();
    },
  };
}

/** Whether the answer was a stream that ended as it should. */
async function sendOne(
  { url, key }: LoadOptions,
  request: TrafficRequest,
  signal: AbortSignal,
): Promise<boolean> {
  const { zone, model, promptTokens, answerTokens, session } = request;
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'x-isotherm-zone': zone,
      'x-isotherm-session': session,
    },
    body: JSON.stringify({
      model,
      stream: true,
      max_tokens: answerTokens,
      messages: [{ role: 'user', content: promptOf(session, promptTokens) }],
    }),
    signal,
  });
  let end = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    end = (end + decoder.decode(chunk, { stream: true })).slice(-200);
  }
  return response.ok && end.includes('data: [DONE]');
}

/** Words of so many tokens; the session makes them another's. */
function promptOf(session: string, tokens: number): string {
  const characters = tokens * CHARS_PER_TOKEN;
  return `${session} `.padEnd(characters, 'cool air ').slice(0, characters);
}
