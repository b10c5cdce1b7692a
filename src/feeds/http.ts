import { z } from 'zod';
import { concat } from '../core/concat.ts';
import { issueLines } from '../core/model/errors.ts';
import { parseUtcMs } from '../core/model/time.ts';
import { FeedError, type FeedIo } from './feed.ts';

const USER_AGENT = 'isotherm/0.1';

interface GetOptions {
  headers?: Record<string, string>;
  maxBytes?: number;
}

const MAX_BYTES = 8 * 1024 * 1024;

/**
 * Body of a GET, within the time and size allowed. Redirects are followed only where no key is sent:
 * they could carry it to another host. Rejects with {@link FeedError}.
 */
export async function getBytes(
  io: FeedIo,
  url: URL,
  { headers = {}, maxBytes = MAX_BYTES }: GetOptions = {},
): Promise<Uint8Array> {
  const hasKey = Object.keys(headers).length > 0 || url.searchParams.has('apikey');
  const where = url.hostname;
  let response: Response;
  try {
    response = await io.fetch(url.href, {
      headers: { 'user-agent': USER_AGENT, ...headers },
      redirect: hasKey ? 'manual' : 'follow',
      signal: AbortSignal.timeout(io.timeoutMs),
    });
  } catch (error) {
    throw failure(where, error, io.timeoutMs);
  }
  if (!response.ok) {
    await response.body?.cancel().catch(() => {});
    throw new FeedError(`${where}: HTTP ${response.status}`, retryUtcMs(response, io.nowMs));
  }
  try {
    return await bounded(response, maxBytes, where);
  } catch (error) {
    throw error instanceof FeedError ? error : failure(where, error, io.timeoutMs);
  }
}

function failure(where: string, error: unknown, timeoutMs: number): FeedError {
  const name = error instanceof Error ? error.name : '';
  const late = name === 'TimeoutError' || name === 'AbortError';
  return new FeedError(
    late ? `${where}: no whole answer within ${timeoutMs} ms` : `${where}: the connection failed`,
  );
}

async function bounded(response: Response, maxBytes: number, where: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = response.body?.getReader();
  if (reader === undefined) return new Uint8Array();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > maxBytes) {
      await reader.cancel().catch(() => {});
      throw new FeedError(`${where}: over ${maxBytes} bytes`);
    }
    chunks.push(value);
  }
  return concat(chunks, size);
}

/** `retry-after` in either of its forms (RFC 9110, 10.2.3), at most a day ahead. */
function retryUtcMs(response: Response, nowMs: number): number | undefined {
  const given = response.headers.get('retry-after');
  if (given === null) return undefined;
  const at = /^\d+$/.test(given) ? nowMs + Number(given) * 1000 : Date.parse(given);
  return Number.isNaN(at) ? undefined : Math.min(at, nowMs + 24 * 3_600_000);
}

export async function getText(io: FeedIo, url: URL, options?: GetOptions): Promise<string> {
  return new TextDecoder().decode(await getBytes(io, url, options));
}

/** A JSON answer of the shape expected, else {@link FeedError} with the first fault's path. */
export async function getJson<S extends z.ZodType>(
  io: FeedIo,
  url: URL,
  schema: S,
  options?: GetOptions,
): Promise<z.output<S>> {
  return parseJson(await getText(io, url, options), schema, url.hostname);
}

export function parseJson<S extends z.ZodType>(
  text: string,
  schema: S,
  where: string,
): z.output<S> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // JSON knows no NaN, and a body cut short does not end.
    throw new FeedError(`${where}: no JSON, or cut short`);
  }
  const result = z.safeParse(schema, value);
  if (result.success) return result.data;
  throw new FeedError(`${where}: ${issueLines(result.error)[0]}`);
}

/** An instant with `Z` or an offset, in ms: a time without either is anybody's guess. */
export const instantSchema = z.string().transform((text, ctx) => {
  const utcMs = parseUtcMs(text);
  if (utcMs === undefined)
    ctx.addIssue({ code: 'custom', message: 'is no instant with an offset' });
  return utcMs ?? z.NEVER;
});
