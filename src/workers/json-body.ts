import { HTTPException } from 'hono/http-exception';
import type { z } from 'zod';
import { InvalidInputError, parseInput } from '../core/model/errors.ts';
import { readBody } from './read-body.ts';

const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** An admin call's body, checked; an empty one is `{}`. */
export async function jsonBody<S extends z.ZodType>(
  request: Request,
  schema: S,
): Promise<z.output<S>> {
  const bytes = await readBody(request, MAX_BODY_BYTES);
  if (bytes === undefined) {
    throw new HTTPException(413, { message: `body: over ${MAX_BODY_BYTES} bytes` });
  }
  const text = new TextDecoder().decode(bytes);
  let value: unknown = {};
  try {
    if (text.trim() !== '') value = JSON.parse(text);
  } catch (error) {
    throw new InvalidInputError('body', [`not JSON: ${(error as Error).message}`]);
  }
  return parseInput(schema, value, 'body');
}
