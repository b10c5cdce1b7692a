import { env } from 'cloudflare:workers';
import { solverBindingName } from '../../../src/core/model/solver-name.ts';
import type { Fault } from './faulty-solver.ts';

/** Makes a solver misbehave until the end of the test. */

const faulty = new Set<string>();

function solver(siteId: string): Fetcher {
  return (env as unknown as Record<string, Fetcher>)[solverBindingName(siteId)] as Fetcher;
}

async function order(siteId: string, fault: Fault): Promise<void> {
  const response = await solver(siteId).fetch('http://solver/__fault', {
    method: 'POST',
    body: JSON.stringify(fault),
  });
  if (!response.ok) throw new Error(`solver of ${siteId} took no order: ${response.status}`);
}

export async function setFault(siteId: string, fault: Fault): Promise<void> {
  faulty.add(siteId);
  await order(siteId, fault);
}

/** Requests the site's solver has seen since its last order. */
export async function requestsSeen(siteId: string): Promise<number> {
  const response = await solver(siteId).fetch('http://solver/__fault');
  return (await response.json<{ requests: number }>()).requests;
}

/** Runs after every test, see setup.ts. */
export async function clearFaults(): Promise<void> {
  await Promise.all([...faulty].map((siteId) => order(siteId, { kind: 'none' })));
  faulty.clear();
}
