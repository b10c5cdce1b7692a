import { exports } from 'cloudflare:workers';
import { describe, expect, test, vi } from 'vitest';
import { admin } from '../../src/workers/admin.ts';
import { dataPlane, routedAs } from '../../src/workers/data-plane.ts';
import { endpoints } from '../../src/workers/endpoints.ts';
import { makeKey, playCounting, settled } from './support/accounts.ts';
import { chat, hello } from './support/client.ts';

interface Operation {
  operationId: string;
  security: object[];
  parameters?: { name: string; in: string; required: boolean; schema: object }[];
  requestBody?: { content: { 'application/json': { schema: Record<string, unknown> } } };
  responses: Record<string, { description: string; content?: object; headers?: object }>;
}

function fetchPath(path: string): Promise<Response> {
  return exports.default.fetch(new Request(`https://router.test${path}`));
}

async function documentOf() {
  const response = await fetchPath('/openapi.json');
  return response.json<{
    openapi: string;
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, { properties: object }> };
  }>();
}

/** `GET /v1/models/{id}` of every route of a plane, as the document writes them. */
function routesOf(plane: { routes: { method: string; path: string }[] }, base: string): string[] {
  return plane.routes
    .filter((r) => r.method !== 'ALL')
    .map((r) => {
      const path = r.path.replace(/:(\w+)(\{.*?\})?/g, '{$1}').replace(/\/$/, '');
      return `${r.method} ${base}${path}`;
    });
}

describe('the OpenAPI document', () => {
  test('has every route of both planes, and none that is not there', async () => {
    const { openapi, paths } = await documentOf();
    expect(openapi).toBe('3.1.0');
    const written = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    // Routed requests do not go through hono.
    const routed = written.filter((w) => {
      const [method, path] = w.split(' ') as [string, string];
      return routedAs(new Request(`https://router.test${path}`, { method })) !== undefined;
    });
    expect(routed).toHaveLength(endpoints.length);
    const there = [...routed, ...routesOf(dataPlane, '/v1'), ...routesOf(admin, '/admin/v1')];
    const inPlanes = written.filter((w) => / \/(admin\/)?v1\//.test(w));
    expect(inPlanes.sort()).toEqual([...new Set(there)].sort());
  });

  test('is one whose operations are whole: ids once, parameters of the path, answers', async () => {
    const { paths } = await documentOf();
    const all = Object.entries(paths).flatMap(([path, methods]) =>
      Object.values(methods).map((operation) => ({ path, operation })),
    );
    expect(new Set(all.map((o) => o.operation.operationId)).size).toBe(all.length);
    for (const { path, operation } of all) {
      const inPath = (operation.parameters ?? []).filter((p) => p.in === 'path');
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(inPath.map((p) => p.name)).toEqual(named);
      expect(Object.values(operation.responses).every((r) => r.description !== '')).toBe(true);
      const isOpen = operation.security.length === 0;
      expect(isOpen).toBe(/^\/(healthz|docs|openapi\.json)$/.test(path));
    }
  });

  test('takes its schemas from those that check', async () => {
    const { paths } = await documentOf();
    const { schema } =
      paths['/admin/v1/keys']?.post?.requestBody?.content['application/json'] ?? {};
    expect(schema).toMatchObject({
      type: 'object',
      additionalProperties: false,
      required: ['name'],
      properties: { requestsPerMinute: { type: 'integer', minimum: 1, maximum: 1_000_000 } },
    });
    const query = paths['/admin/v1/usage']?.get?.parameters?.map((p) => p.name);
    expect(query).toEqual(['from', 'to', 'key', 'by', 'format']);
  });
});

test('an answer has no header of the router’s that the document does not name, and streams are named', async () => {
  const { paths } = await documentOf();
  const { key } = await makeKey({ requestsPerMinute: 60, tokensPerMinute: 60_000 });
  const declared = paths['/v1/chat/completions']?.post?.responses['200'];
  for (const stream of [false, true]) {
    playCounting(() => ({ prompt_tokens: 1, completion_tokens: 1 }));
    const response = await chat(hello({ stream }), { key });
    await response.text();
    expect(response.status).toBe(200);
    const own = [...response.headers.keys()].filter((name) => name.startsWith('x-'));
    expect(own).toContain('x-ratelimit-remaining-tokens');
    expect(own.filter((name) => !(name in (declared?.headers ?? {})))).toEqual([]);
    const type = response.headers.get('content-type')?.split(';')[0] as string;
    expect(Object.keys(declared?.content ?? {})).toContain(type);
  }
  await settled();
  vi.restoreAllMocks();
});

test('the page of it needs nothing from elsewhere, and no script', async () => {
  const response = await fetchPath('/docs');
  const text = await response.text();
  expect(response.headers.get('content-type')).toContain('text/html');
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(text).not.toMatch(/<script|https?:\/\//);
  expect(text).toContain('POST /v1/chat/completions');
  expect(text).toContain('integer, 1 to 1,000,000');
  expect(text).toContain('With the admin token as the bearer token.');
  // Code is marked up as such.
  expect(text).not.toContain('`');
  expect(text).toContain('<code>x-isotherm-deadline-ms</code>');
  expect(text).toContain('a budget in AUD that would count nothing');
});

test('a receipt’s schema is in it, by the name that the header has', async () => {
  const { components, paths } = await documentOf();
  const { Receipt, ReceiptOutset } = components.schemas;
  expect(Object.keys(Receipt?.properties ?? {})).toContain('energyWh');
  expect(Object.keys(ReceiptOutset?.properties ?? {})).not.toContain('energyWh');
  const routed = endpoints.map((e) => paths[`/v1/${e.name}`]?.post);
  for (const operation of routed) {
    const text = JSON.stringify(operation?.responses['200']?.headers);
    const refs = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name);
    expect(refs).toEqual(['Receipt', 'ReceiptOutset']);
  }
  // Of all names that the document refers to there is a schema.
  for (const [, name] of JSON.stringify(paths).matchAll(
    /"\$ref":"#\/components\/schemas\/(\w+)"/g,
  )) {
    expect(components.schemas).toHaveProperty(name as string);
  }
  expect(JSON.stringify(components)).not.toContain('$ref');
  const page = await (await fetchPath('/docs')).text();
  expect(page).toContain('<code>counterfactual.ttftMs</code>');
});
