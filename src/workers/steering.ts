import { z } from 'zod';
import { labelTexts } from '../core/accounting/metrics.ts';
import { estimatePromptTokens } from '../core/accounting/usage.ts';
import { requestTtftMs } from '../core/model/eligibility.ts';
import type { PublicFleet, PublicSite } from '../core/model/fleet.ts';
import type { PlanShares } from '../core/planning/plan.ts';
import { openShares } from '../core/routing/candidates.ts';
import { Steering } from '../core/routing/steering.ts';
import type { Asked } from './asked.ts';
import { fleet } from './fleet.ts';
import { journal } from './journal.ts';
import { health } from './site-health.ts';

/** How far sessions that begin may be steered off the plan, away from sites that are slow just now. */
export const steeringSchema = z.strictObject({
  maxDriftShare: z.number().min(0.001).max(0.5).default(0.02),
  windowS: z.number().min(10).max(3600).default(300),
});

let known: { text: string; steering: Steering | undefined } = { text: '', steering: undefined };

/** Of this isolate. Off, and one line in the log, where the variable cannot be read. */
function steeringOf(text: string): Steering | undefined {
  if (known.text === text) return known.steering;
  try {
    known = { text, steering: new Steering(steeringSchema.parse(JSON.parse(text))) };
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
    console.error(`STEERING is off, since it cannot be read: ${why}`);
    known = { text, steering: undefined };
  }
  return known.steering;
}

const sitesById = new Map(fleet.sites.map((s) => [s.id, s]));
const labels = labelTexts('site', 'class', 'reason');

/**
 * Sites in the order they are to be asked: as the session ranks them, steered where the variable allows
 * it, and as health has it.
 * @param ranked those of the plan's shares first
 */
export function siteOrder(
  ranked: readonly string[],
  asked: Asked,
  { shares, inForce, utcMs }: { shares?: PlanShares; inForce: PublicFleet; utcMs: number },
  variable: string | undefined,
): readonly string[] {
  const nowMs = Date.now();
  const { cls, zone, session, body } = asked;
  const [drawn] = ranked;
  const planned = shares?.[cls.id]?.[zone.id];
  const steering = variable ? steeringOf(variable) : undefined;
  if (!steering || !planned || drawn === undefined) return health.order(ranked, nowMs);
  let promptTokens: number | undefined;
  const request = {
    flow: `${cls.id} ${zone.id}`,
    session,
    isFirst: asked.endpoint.begins(body),
    shares: openShares(inForce, planned, utcMs),
    expectedMs: (site: string) => {
      promptTokens ??= estimatePromptTokens(body);
      return requestTtftMs(zone, sitesById.get(site) as PublicSite, cls, promptTokens);
    },
  };
  const { sites, moved } = steering.order(ranked, request, nowMs);
  const order = health.order(sites, nowMs);
  const [first] = order;
  if (first === undefined) return order;
  steering.note(request, drawn, sites[0] as string, first, nowMs);
  if (moved && first === sites[0]) {
    journal.count('steered', labels(moved.from, cls.id, moved.why));
  }
  return order;
}

/** The first token of a stream, for steering if that is on. */
export function noteFirstToken(asked: Asked, site: string, ttftMs: number, expectedMs: number) {
  if (known.steering === undefined || !asked.endpoint.begins(asked.body)) return;
  known.steering.timed(site, ttftMs, expectedMs, Date.now());
}

/** For tests: as in a new isolate. */
export function forgetSteering(): void {
  known = { text: '', steering: undefined };
}
