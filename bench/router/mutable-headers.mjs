// Before Portkey's gateway on Node: it appends to the headers of the answer that fetch gave it, which
// fetch has made immutable, and every stream would end in a 500 of its own (1.15.2).
const send = globalThis.fetch;
globalThis.fetch = async (...asked) => {
  const { body, status, statusText, headers } = await send(...asked);
  return new Response(body, { status, statusText, headers: new Headers(headers) });
};
