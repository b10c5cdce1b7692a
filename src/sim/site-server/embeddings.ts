import { ApiError } from './http.ts';
import { checkModel, invalid, isObject } from './request.ts';
import { countTokens, createRandom, hashText } from './text.ts';

const DEFAULT_DIMENSIONS = 64;
const MAX_DIMENSIONS = 4096;
const MAX_INPUTS = 2048;

export interface EmbeddingsAnswer {
  body: unknown;
  promptTokens: number;
}

/** Vectors of length one that depend on the text alone, as /v1/embeddings gives them. */
export function embed(body: unknown, models: readonly string[]): EmbeddingsAnswer {
  if (!isObject(body)) throw invalid('The request body must be a JSON object.', null);
  const model = checkModel(body, models);
  const texts = inputsOf(body.input);
  const dimensions = body.dimensions ?? DEFAULT_DIMENSIONS;
  if (
    !Number.isInteger(dimensions) ||
    Number(dimensions) < 1 ||
    Number(dimensions) > MAX_DIMENSIONS
  ) {
    throw invalid(`'dimensions' must be an integer from 1 to ${MAX_DIMENSIONS}.`, 'dimensions');
  }
  const format = body.encoding_format ?? 'float';
  if (format !== 'float' && format !== 'base64') {
    throw invalid("'encoding_format' must be float or base64.", 'encoding_format');
  }
  const promptTokens = texts.reduce((sum, text) => sum + Math.max(1, countTokens(text)), 0);
  const data = texts.map((text, index) => {
    const vector = vectorOf(text, Number(dimensions));
    const embedding =
      format === 'float' ? [...vector] : Buffer.from(vector.buffer).toString('base64');
    return { object: 'embedding', index, embedding };
  });
  const usage = { prompt_tokens: promptTokens, total_tokens: promptTokens };
  return { body: { object: 'list', data, model, usage }, promptTokens };
}

function inputsOf(input: unknown): string[] {
  const many: unknown[] = Array.isArray(input) && typeof input[0] !== 'number' ? input : [input];
  if (many.length === 0 || many.length > MAX_INPUTS) {
    throw new ApiError(400, `'input' must have 1 to ${MAX_INPUTS} entries.`, null, 'input');
  }
  return many.map((one) => {
    if (typeof one === 'string' && one !== '') return one;
    if (Array.isArray(one) && one.every((id) => Number.isInteger(id))) return one.join(' ');
    throw invalid("'input' must be text or token ids.", 'input');
  });
}

function vectorOf(text: string, dimensions: number): Float32Array {
  const random = createRandom(hashText(text));
  const vector = Float32Array.from({ length: dimensions }, () => random() - 0.5);
  const length = Math.hypot(...vector);
  return vector.map((x) => x / length);
}
