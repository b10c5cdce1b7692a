import { prometheusText } from '../core/accounting/metrics.ts';
import { currentVersion, readPlan } from '../store/plans.ts';
import { readCounters } from '../store/usage.ts';
import { bearsOneOf } from './auth.ts';
import { type Env, now } from './env.ts';

/** Counters of all isolates, as of what is booked, and what there is to say of the plan. */
export async function metrics(request: Request, env: Env): Promise<Response> {
  if (!(await bearsOneOf(request, env.ADMIN_TOKEN_SHA256))) {
    const headers = { 'www-authenticate': 'Bearer' };
    return new Response('needs the admin token\n', { status: 401, headers });
  }
  const [counters, version] = await Promise.all([readCounters(env.DB), currentVersion(env.DB)]);
  const plan = version === undefined ? undefined : await readPlan(env.DB, version);
  const text = prometheusText(
    counters,
    plan && {
      version: plan.header.version,
      ageSeconds: (now(env) - plan.header.createdUtcMs) / 1000,
      gap: plan.header.certificate.gap,
    },
  );
  const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' };
  return new Response(text, { headers });
}
