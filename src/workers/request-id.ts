/** The client's own id of its request, if it sent one that may stand in a log. */
export function requestIdOf(request: Request): string | undefined {
  const given = request.headers.get('x-request-id');
  return given !== null && /^[\w.:-]{1,128}$/.test(given) ? given : undefined;
}
