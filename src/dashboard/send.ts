import type { Ask } from './live.ts';

/** Sends a change to the admin API. Throws an Error with the server's own words where it refuses. */
export async function send<T>(
  ask: Ask,
  method: 'POST' | 'PATCH' | 'DELETE',
  path: string,
  body?: object,
): Promise<T> {
  const response = await ask(`/admin/v1${path}`, { method, body: body && JSON.stringify(body) });
  const answer = (await response.json().catch(() => ({}))) as T & { error?: string };
  if (!response.ok) throw new Error(answer.error ?? `HTTP status ${response.status}`);
  return answer;
}
