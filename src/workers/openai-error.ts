/** Errors in OpenAI's shape, so that its SDKs raise the right exception. */
export function openAiError(
  status: number,
  message: string,
  options: {
    type?: string;
    code?: string | null;
    param?: string | null;
    headers?: HeadersInit;
  } = {},
): Response {
  const type = options.type ?? (status < 500 ? 'invalid_request_error' : 'server_error');
  const { code = null, param = null } = options;
  return Response.json(
    { error: { message, type, param, code } },
    { status, headers: options.headers },
  );
}
