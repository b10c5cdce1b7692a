import { ApiError } from './http.ts';
import { countTokens } from './text.ts';

export type Endpoint = 'chat' | 'completion' | 'responses';

/** What these endpoints come down to once validated. */
export interface GenerationRequest {
  endpoint: Endpoint;
  model: string;
  /** All the input text: the answer is derived from it. */
  prompt: string;
  inputTokens: number;
  /** Null when the request leaves the length to the model. */
  maxTokens: number | null;
  stream: boolean;
  includeUsage: boolean;
}

const MAX_OUTPUT_TOKENS = 131_072;

type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function invalid(message: string, param: string | null): ApiError {
  return new ApiError(400, message, null, param);
}

function messageText(message: unknown, index: number): string {
  const param = `messages[${index}]`;
  if (!isObject(message)) throw invalid(`'${param}' must be an object.`, param);
  if (typeof message.role !== 'string') throw invalid(`'${param}.role' is missing.`, param);
  const { content } = message;
  if (typeof content === 'string') return content;
  // An assistant turn made of tool calls only has no content.
  if (content === null || content === undefined) return '';
  if (!Array.isArray(content)) throw invalid(`'${param}.content' is not text.`, param);
  return content
    .map((part: unknown) => {
      if (isObject(part) && typeof part.text === 'string') return part.text;
      throw invalid(`'${param}.content' holds a part that is not text.`, param);
    })
    .join('');
}

function readMessages(body: JsonObject): { prompt: string; inputTokens: number } {
  if (!Array.isArray(body.messages) || body.messages.length === 0) {
    throw invalid("'messages' must be an array with at least one message.", 'messages');
  }
  const prompt = body.messages.map(messageText).join('\n');
  return { prompt, inputTokens: Math.max(1, countTokens(prompt)) };
}

function readPrompt(body: JsonObject): { prompt: string; inputTokens: number } {
  const given: unknown = body.prompt;
  const single: unknown = Array.isArray(given) && given.length === 1 ? given[0] : given;
  if (typeof single === 'string') {
    return { prompt: single, inputTokens: Math.max(1, countTokens(single)) };
  }
  // vLLM takes token ids too; they are counted as they are.
  const ids = typeof single === 'number' ? [single] : single;
  if (Array.isArray(ids) && ids.length > 0 && ids.every((id) => Number.isInteger(id))) {
    return { prompt: ids.join(' '), inputTokens: ids.length };
  }
  throw invalid("'prompt' must be one string or one array of token ids.", 'prompt');
}

/** Text, or items of which the messages are read; those of tools are not simulated. */
function readInput(body: JsonObject): { prompt: string; inputTokens: number } {
  const { input, instructions } = body;
  const turns =
    typeof input === 'string' ? [input] : Array.isArray(input) ? input.map(itemText) : [];
  if (turns.length === 0) throw invalid("'input' must be text or a list of items.", 'input');
  const prompt = [...(typeof instructions === 'string' ? [instructions] : []), ...turns].join('\n');
  return { prompt, inputTokens: Math.max(1, countTokens(prompt)) };
}

function itemText(item: unknown, index: number): string {
  if (isObject(item) && 'role' in item) return messageText(item, index);
  return JSON.stringify(item);
}

function readMaxTokens(body: JsonObject, endpoint: Endpoint): number | null {
  const chat = body.max_completion_tokens == null ? 'max_tokens' : 'max_completion_tokens';
  const param = endpoint === 'responses' ? 'max_output_tokens' : chat;
  const value: unknown = body[param] ?? null;
  if (value === null) return null;
  if (typeof value === 'number' && Number.isInteger(value)) {
    if (value >= 1 && value <= MAX_OUTPUT_TOKENS) return value;
  }
  throw invalid(`'${param}' must be an integer from 1 to ${MAX_OUTPUT_TOKENS}.`, param);
}

export function checkModel({ model }: JsonObject, models: readonly string[]): string {
  if (typeof model !== 'string') throw invalid("'model' must be a string.", 'model');
  if (models.includes(model)) return model;
  throw new ApiError(404, `The model \`${model}\` does not exist.`, 'model_not_found', 'model');
}

const READERS = { chat: readMessages, completion: readPrompt, responses: readInput };

export function parseGenerationRequest(
  body: unknown,
  endpoint: Endpoint,
  models: readonly string[],
): GenerationRequest {
  if (!isObject(body)) throw invalid('The request body must be a JSON object.', null);
  const { stream, stream_options: streamOptions, n } = body;
  const model = checkModel(body, models);
  if (stream != null && typeof stream !== 'boolean') {
    throw invalid("'stream' must be a boolean.", 'stream');
  }
  if (streamOptions != null && (!isObject(streamOptions) || stream !== true)) {
    throw invalid("'stream_options' is an object, only allowed with 'stream'.", 'stream_options');
  }
  if (n != null && n !== 1) throw invalid("Only 'n' = 1 is simulated.", 'n');
  return {
    endpoint,
    model,
    ...READERS[endpoint](body),
    maxTokens: readMaxTokens(body, endpoint),
    stream: stream === true,
    includeUsage: isObject(streamOptions) && streamOptions.include_usage === true,
  };
}
