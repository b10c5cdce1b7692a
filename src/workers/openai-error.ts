/** Errors in OpenAI's shape, so that its SDKs raise the right exception. */

interface ErrorDetails {
  type?: string;
  code: string;
  param?: string | null;
}

/** The error object alone, as it also ends a stream that broke. */
export function errorBody(status: number, message: string, details: ErrorDetails) {
  const { code, param = null } = details;
  return { error: { message, type: details.type ?? typeOf(status), param, code } };
}

/** An answer of the gateway's own: the header tells it from a site's. */
export function openAiError(
  status: number,
  message: string,
  details: ErrorDetails & { headers?: HeadersInit },
): Response {
  const headers = new Headers(details.headers);
  headers.set('x-isotherm-error', details.code);
  return Response.json(errorBody(status, message, details), { status, headers });
}

/** A request that cannot be served as it is. */
export class Rejection extends Error {
  readonly status: number;
  readonly code: string;
  readonly param: string | null;

  constructor(status: number, message: string, code: string, param: string | null = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.param = param;
  }
}

function typeOf(status: number): string {
  if (status === 429) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'server_error';
}
