import { createExecutionContext } from 'cloudflare:test';
import { env, exports } from 'cloudflare:workers';
import worker from '../../../src/workers/main.ts';

/** Requests to the router, as its two kinds of callers make them. */

export const places = {
  sydney: { latitude: '-33.87', longitude: '151.21' },
  hobart: { latitude: '-42.88', longitude: '147.33' },
};

interface ChatOptions {
  key?: string | null;
  cf?: { latitude: string; longitude: string };
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Variables and secrets over those of the test environment. */
  vars?: Record<string, string>;
}

export async function chat(body: object | string, options: ChatOptions = {}): Promise<Response> {
  const { key = 'test-client-key', cf = places.sydney, headers = {}, signal, vars } = options;
  const request = new Request('https://router.test/v1/chat/completions', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(key !== null && { authorization: `Bearer ${key}` }),
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    signal,
    cf: cf as unknown as CfProperties,
  });
  if (vars === undefined) return exports.default.fetch(request);
  return worker.fetch(request, { ...env, ...vars }, createExecutionContext());
}

export function hello(more: object = {}) {
  return { model: 'isotherm-chat', messages: [{ role: 'user', content: 'hello' }], ...more };
}

export function adminCall(
  method: string,
  path: string,
  body?: unknown,
  token: string | null = 'test-admin-token',
): Promise<Response> {
  return exports.default.fetch(
    new Request(`https://router.test/admin/v1${path}`, {
      method,
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    }),
  );
}
