import { withField } from '../routing/model-field.ts';

/** Tokens of a request as its site reports them, in the shapes that OpenAI's endpoints have. */

export interface TokenUsage {
  promptTokens: number;
  completionTokens: number;
  /** Part of the prompt that the site had in its prefix cache. */
  cachedTokens: number;
}

/** Far above any context; what is above it is nonsense of a site's and not booked. */
const MAX_TOKENS = 1e9;

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function count(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 && value <= MAX_TOKENS
    ? Math.round(value)
    : undefined;
}

/**
 * The usage in an answer or an event of one: `usage` of chat completions, completions and embeddings,
 * or that of the `response` inside an event of /v1/responses. Undefined where there is none, where it
 * is null, or where neither prompt nor completion is a count.
 */
export function usageIn(answer: unknown): TokenUsage | undefined {
  if (!isObject(answer)) return undefined;
  const usage = answer.usage ?? (isObject(answer.response) ? answer.response.usage : undefined);
  if (!isObject(usage)) return undefined;
  const prompt = count(usage.prompt_tokens) ?? count(usage.input_tokens);
  const completion = count(usage.completion_tokens) ?? count(usage.output_tokens);
  if (prompt === undefined && completion === undefined) return undefined;
  const total = count(usage.total_tokens);
  const details = usage.prompt_tokens_details ?? usage.input_tokens_details;
  const promptTokens = prompt ?? Math.max(0, (total ?? 0) - (completion ?? 0));
  const cached = (isObject(details) ? count(details.cached_tokens) : undefined) ?? 0;
  return {
    promptTokens,
    completionTokens: completion ?? Math.max(0, (total ?? promptTokens) - promptTokens),
    cachedTokens: Math.min(promptTokens, cached),
  };
}

/** Members after the usage that servers are known to write: `"system_fingerprint":"…"}` and the like. */
const PLAIN_REST = /^(?:\s*,\s*"[^"\\]*"\s*:\s*(?:null|true|false|[-+.\deE]+|"[^"\\]*"))*\s*\}\s*$/;

/**
 * The same in an answer's text. Nearly all answers have their usage near the end, so that is looked for
 * first, and the rest of the text, most of it the answer's words, is read by nobody.
 */
export function usageInText(text: string): TokenUsage | undefined {
  const at = text.lastIndexOf('"usage"');
  const from = text.indexOf('{', at);
  // Inside a string its quotes would be escaped. A key it is where a colon follows.
  if (at >= 0 && from >= 0 && /^\s*:\s*$/.test(text.slice(at + 7, from))) {
    const to = endOfObject(text, from);
    // Not of something inside the answer: what follows closes the answer and nothing else.
    const usage = PLAIN_REST.test(text.slice(to)) ? jsonOf(text.slice(from, to)) : undefined;
    if (usage !== undefined) return usageIn({ usage });
  }
  return usageIn(jsonOf(text));
}

/** One past the brace that closes the one at `from`, if no text inside has any. */
function endOfObject(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === 0x7b) depth++;
    else if (char === 0x7d && --depth === 0) return i + 1;
  }
  return text.length;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The greater of each count: usage that several events carry is cumulative, so it is never added. */
export function greaterUsage(a: TokenUsage | undefined, b: TokenUsage): TokenUsage {
  if (a === undefined) return b;
  return {
    promptTokens: Math.max(a.promptTokens, b.promptTokens),
    completionTokens: Math.max(a.completionTokens, b.completionTokens),
    cachedTokens: Math.max(a.cachedTokens, b.cachedTokens),
  };
}

/** OpenAI's rule of thumb for English: a token is about four characters. */
const CHARACTERS_PER_TOKEN = 4;

export function tokensOfText(characters: number): number {
  return Math.ceil(characters / CHARACTERS_PER_TOKEN);
}

/** Tokens of a request's own words, estimated; what a site would count as the prompt. */
export function estimatePromptTokens(body: Readonly<Json>): number {
  const words = [body.messages, body.prompt, body.input, body.instructions, body.tools];
  return tokensOfText(words.reduce((sum: number, value) => sum + characters(value, 0), 0));
}

/** Deeper than any request of the API nests its words. */
const MAX_DEPTH = 12;

function characters(value: unknown, depth: number): number {
  if (typeof value === 'string') {
    // Pictures and sound travel as data: URLs; their length says nothing of tokens.
    return value.startsWith('data:') ? 0 : value.length;
  }
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return 0;
  return Object.values(value).reduce((sum, part) => sum + characters(part, depth + 1), 0);
}

/** Characters that an event of a stream adds to the answer; 0 where it adds none. */
export function deltaCharacters(event: unknown): number {
  if (!isObject(event)) return 0;
  if (typeof event.type === 'string' && typeof event.delta === 'string') {
    return event.type.endsWith('.delta') ? event.delta.length : 0;
  }
  if (!Array.isArray(event.choices)) return 0;
  let sum = 0;
  for (const choice of event.choices) {
    if (!isObject(choice)) continue;
    if (typeof choice.text === 'string') sum += choice.text.length;
    if (!isObject(choice.delta)) continue;
    const { content, reasoning, reasoning_content, refusal, tool_calls } = choice.delta;
    for (const part of [content, reasoning, reasoning_content, refusal]) {
      if (typeof part === 'string') sum += part.length;
    }
    if (!Array.isArray(tool_calls)) continue;
    for (const call of tool_calls) {
      const args = isObject(call) && isObject(call.function) ? call.function.arguments : undefined;
      if (typeof args === 'string') sum += args.length;
    }
  }
  return sum;
}

/** Endpoints whose streams bring usage only when asked for it. */
const ASKS_FOR_USAGE = new Set(['chat/completions', 'completions']);

/**
 * The text of a streamed request as the site gets it: with usage asked for, and no other byte changed.
 * `added` says whether the client did not ask, so that the extra event is kept from it.
 * @param text what `body` was read from
 */
export function usageAsked(
  endpoint: string,
  body: Readonly<Json>,
  text: string,
): { text: string; added: boolean } {
  const options = body.stream_options;
  const streams = body.stream === true && ASKS_FOR_USAGE.has(endpoint);
  const asked = isObject(options) && options.include_usage === true;
  // Options of another type are the client's fault, which the site will tell it.
  if (!streams || asked || !(options == null || isObject(options))) return { text, added: false };
  const wanted = { ...options, include_usage: true };
  return {
    text:
      options === undefined
        ? text.replace('{', () => `{"stream_options":${JSON.stringify(wanted)},`)
        : withField(text, 'stream_options', wanted),
    added: true,
  };
}

/** Whether an event is the extra one that `include_usage` brings: usage, and no choices. */
export function isUsageEvent(event: unknown): boolean {
  return (
    isObject(event) &&
    isObject(event.usage) &&
    Array.isArray(event.choices) &&
    event.choices.length === 0 &&
    event.error === undefined
  );
}
