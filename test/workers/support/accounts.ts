import { env } from 'cloudflare:workers';
import { vi } from 'vitest';
import { journal } from '../../../src/workers/journal.ts';
import { adminCall } from './client.ts';

/** Keys, sites that count tokens, and what is booked of them. */

export interface MadeKey {
  id: string;
  key: string;
}

export async function makeKey(input: object = {}): Promise<MadeKey> {
  const response = await adminCall('POST', '/keys', { name: 'test', ...input });
  if (response.status !== 201) throw new Error(await response.text());
  return response.json<MadeKey>();
}

export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
}

/** Every site answers with this usage, whole or streamed as vLLM does. */
export function playCounting(usageOf: (body: Record<string, unknown>) => Usage) {
  const bodies: Record<string, unknown>[] = [];
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (_input, init) => {
    const body = JSON.parse(String((init as RequestInit).body)) as Record<string, unknown>;
    bodies.push(body);
    const usage = usageOf(body);
    if (body.stream !== true) return Response.json({ object: 'chat.completion', usage });
    const options = body.stream_options as { include_usage?: boolean } | undefined;
    return new Response(streamOf(usage, options?.include_usage === true), {
      headers: { 'content-type': 'text/event-stream' },
    });
  });
  return bodies;
}

export const contentEvent = `data: ${JSON.stringify({ choices: [{ delta: { content: 'hi' } }] })}\n\n`;
export const doneEvent = 'data: [DONE]\n\n';

function streamOf(usage: Usage, counted: boolean): string {
  const last = `data: ${JSON.stringify({ choices: [], usage })}\n\n`;
  return contentEvent + (counted ? last : '') + doneEvent;
}

export interface Booked extends Record<string, number | string> {
  requests: number;
  promptTokens: number;
  completionTokens: number;
  energyMilliWh: number;
  carbonMg: number;
  waterMicroL: number;
}

/** Sums of a key once all is booked. */
export async function booked(query: string): Promise<Booked[]> {
  await settled();
  const response = await adminCall('GET', `/usage?to=2099-01-01&from=2020-01-01&${query}`);
  if (!response.ok) throw new Error(await response.text());
  return (await response.json<{ usage: Booked[] }>()).usage;
}

/** Requests end their accounts behind the answer; then the journal is written. */
export async function settled(): Promise<void> {
  for (let n = 0; n < 5; n++) {
    await scheduler.wait(5);
    await journal.write(env);
  }
}
