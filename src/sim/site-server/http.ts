import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

export const MAX_BODY_BYTES = 8 * 1024 * 1024;
/** Past this an oversized upload is cut off instead of being read to its end. */
const MAX_DRAIN_BYTES = 8 * MAX_BODY_BYTES;

/** An answer in OpenAI's error JSON. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string | null;
  readonly param: string | null;

  constructor(status: number, message: string, code?: string | null, param?: string | null) {
    super(message);
    this.status = status;
    this.code = code ?? null;
    this.param = param ?? null;
  }
}

export function setRequestId(req: IncomingMessage, res: ServerResponse): void {
  const given = req.headers['x-request-id'];
  res.setHeader('x-request-id', typeof given === 'string' && given !== '' ? given : randomUUID());
}

export function sendJson(res: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  res.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  res.end(text);
}

function errorType(status: number): string {
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}

export function sendError(res: ServerResponse, error: ApiError): void {
  const { status, message, param, code } = error;
  sendJson(res, status, { error: { message, type: errorType(status), param, code } });
}

/**
 * Reads a JSON body. One that is too large is read on and dropped before the 413, since a client
 * still sending would see a reset connection in place of the answer.
 */
export async function readJson(req: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of req as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
    else chunks.length = 0;
    if (bytes > MAX_DRAIN_BYTES) req.destroy();
  }
  if (bytes > MAX_BODY_BYTES) {
    throw new ApiError(413, `Request body is over ${MAX_BODY_BYTES} bytes`, 'request_too_large');
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new ApiError(400, 'We could not parse the JSON body of your request.', 'invalid_json');
  }
}
