import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeStepMs, hardwareProfiles } from '../../../src/core/model/hardware.ts';
import { projectPath } from '../../../src/local/bundle.ts';
import { readFleetFile } from '../../../src/local/fleet-file.ts';
import { type LocalStack, startLocalStack } from '../../../src/local/stack.ts';
import { type SimulatedSite, startSimulatedSite } from '../../../src/sim/site-server/index.ts';
import type { RequestOutcome } from '../../../src/workers/outcome.ts';

export const key = 'sk-e2e';
export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

export interface Gateway {
  stack: LocalStack;
  /** Root of the API. */
  url: string;
  sites: SimulatedSite[];
  site(id: string | null | undefined): SimulatedSite;
  /** What was logged of a request, once it is. */
  outcome(requestId: string): Promise<RequestOutcome>;
  post(path: string, body: unknown, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

/** Router, solvers and a simulated server a site, without a plan: the nearest site comes first. */
export async function startGateway(
  vars: Record<string, string> = {},
  timeScale = 0.2,
): Promise<Gateway> {
  const fleet = await readFleetFile(projectPath('config/fleet.json'));
  const sites = await Promise.all(
    fleet.sites.map(({ id, upstream, hardware }, n) =>
      startSimulatedSite({
        siteId: id,
        models: Object.values(upstream.models),
        servers: hardware.servers,
        prefillMs: () => 20,
        decodeStepMs: (batch) => decodeStepMs(hardwareProfiles[hardware.profile], batch),
        maxBatchPerServer: 1000,
        seed: n + 1,
        timeScale,
      }),
    ),
  );
  const outcomes = new Map<string, RequestOutcome>();
  const stack = await startLocalStack({
    port: 0,
    host: '127.0.0.1',
    fleet,
    upstreamOverrides: Object.fromEntries(sites.map((s) => [s.siteId, s.baseUrl])),
    onLog: (_level, message) => {
      if (!message.startsWith('{"event":"request"')) return;
      const outcome = JSON.parse(message) as RequestOutcome;
      outcomes.set(outcome.requestId, outcome);
    },
    vars: { CLIENT_KEYS_SHA256: sha256(key), ADMIN_TOKEN_SHA256: sha256('admin'), ...vars },
  });
  return {
    stack,
    url: `${stack.url}/v1`,
    sites,
    site(id) {
      const found = sites.find((s) => s.siteId === id);
      if (!found) throw new Error(`no simulated site "${id}"`);
      return found;
    },
    async outcome(requestId) {
      await until(() => outcomes.has(requestId));
      return outcomes.get(requestId) as RequestOutcome;
    },
    post: (path, body, init = {}) =>
      fetch(`${stack.url}/v1${path}`, {
        method: 'POST',
        ...init,
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          ...(init.headers as Record<string, string>),
        },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    async close() {
      await stack.dispose();
      await Promise.all(sites.map((s) => s.close()));
    },
  };
}

/** Waits for what comes about by itself. Throws after ten seconds. */
export async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 500; i++) {
    if (condition()) return;
    await sleep(20);
  }
  throw new Error(`did not come about: ${condition}`);
}

export function chatBody(more: object = {}) {
  return {
    model: 'isotherm-chat',
    max_tokens: 12,
    messages: [{ role: 'user', content: 'Where is it cool today?' }],
    ...more,
  };
}
