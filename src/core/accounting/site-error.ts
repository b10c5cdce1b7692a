/** An error in the middle of a stream that began well, as the site itself told of it. */
export interface SiteError {
  /** The site says that the request is to blame. */
  isClients: boolean;
}

/**
 * The error that an event of a stream is: `{"error": …}` of chat completions and completions, some
 * servers' `{"object": "error", …}`, and `error` and `response.failed` of /v1/responses. Undefined for
 * any other event.
 */
export function siteErrorIn(event: unknown): SiteError | undefined {
  if (!isObject(event)) return undefined;
  const error = event.error ?? (isObject(event.response) ? event.response.error : undefined);
  const isError =
    (event.error !== undefined && event.error !== null) ||
    event.object === 'error' ||
    event.type === 'error' ||
    event.type === 'response.failed';
  if (!isError) return undefined;
  const code = Number((isObject(error) ? error.code : undefined) ?? event.code);
  return { isClients: code >= 400 && code < 500 && code !== 429 };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
