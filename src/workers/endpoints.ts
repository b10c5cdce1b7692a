import type { Ending } from '../core/routing/stream-end.ts';

type Body = Readonly<Record<string, unknown>>;

/** A kind of request that is routed. */
export interface Endpoint {
  /** Below /v1, here as at a site. */
  name: 'chat/completions' | 'completions' | 'embeddings' | 'responses';
  /** How its streams end; absent where there are none. */
  ending?: Ending;
  /** The fields that limit what is generated. */
  tokenLimits: string[];
  /** What a conversation begins with, so that its later turns find the same site. */
  opening(body: Body): unknown;
  /** Whether it is a session's first request, as far as it says. */
  begins(body: Body): boolean;
}

export const endpoints: Endpoint[] = [
  {
    name: 'chat/completions',
    ending: 'done-marker',
    tokenLimits: ['max_tokens', 'max_completion_tokens'],
    opening: (body) => upToFirstUser(body.messages),
    begins: (body) => hasNoTurns(body.messages),
  },
  {
    name: 'completions',
    ending: 'done-marker',
    tokenLimits: ['max_tokens'],
    opening: (body) => body.prompt,
    begins: () => true,
  },
  {
    name: 'embeddings',
    tokenLimits: [],
    opening: (body) => body.input,
    begins: () => true,
  },
  {
    name: 'responses',
    ending: 'response-event',
    tokenLimits: ['max_output_tokens'],
    // Only the site that made a response knows it: turns that name one must come with a session.
    opening: (body) => [body.instructions, upToFirstUser(body.input)],
    begins: (body) =>
      body.previous_response_id == null && body.conversation == null && hasNoTurns(body.input),
  },
];

/** Conversations often share a long system prompt; what tells them apart is the first question. */
function upToFirstUser(messages: unknown): unknown {
  if (!Array.isArray(messages)) return messages;
  const first = messages.findIndex((m) => roleOf(m) === 'user');
  return messages.slice(0, first < 0 ? 2 : first + 1);
}

const SPOKEN_BEFORE = new Set<unknown>(['system', 'developer', 'user']);

/** Nobody has answered yet: what is there is of the client alone. */
function hasNoTurns(messages: unknown): boolean {
  return !Array.isArray(messages) || messages.every((m) => SPOKEN_BEFORE.has(roleOf(m)));
}

function roleOf(message: unknown): unknown {
  return (message as { role?: unknown } | null)?.role;
}
