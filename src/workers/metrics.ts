import { prometheusText, type SiteGauge } from '../core/accounting/metrics.ts';
import { applyOverrides } from '../core/model/overrides.ts';
import { readOverrides } from '../store/overrides.ts';
import { currentVersion, readPlan } from '../store/plans.ts';
import { readCounters } from '../store/usage.ts';
import { bearsOneOf } from './auth.ts';
import { type Env, now } from './env.ts';
import { fleet } from './fleet.ts';
import { boardOf } from './optimize.ts';

/** Counters of all isolates, as of what is booked, and what there is to say of the plan. */
export async function metrics(request: Request, env: Env): Promise<Response> {
  if (!bearsOneOf(request, env.ADMIN_TOKEN_SHA256)) {
    const headers = { 'www-authenticate': 'Bearer' };
    return new Response('needs the admin token\n', { status: 401, headers });
  }
  const [counters, version, sites] = await Promise.all([
    readCounters(env.DB),
    currentVersion(env.DB),
    siteGauges(env),
  ]);
  const plan = version === undefined ? undefined : await readPlan(env.DB, version);
  const text = prometheusText(
    counters,
    plan && {
      version: plan.header.version,
      ageSeconds: (now(env) - plan.header.createdUtcMs) / 1000,
      gap: plan.header.certificate.gap,
      unservedShare: plan.header.unservedShare,
      batch: plan.header.batch ?? [],
    },
    sites,
  );
  const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' };
  return new Response(text, { headers });
}

async function siteGauges(env: Env): Promise<SiteGauge[] | undefined> {
  try {
    const [down, overrides] = await Promise.all([boardOf(env).down(), readOverrides(env.DB)]);
    return applyOverrides(fleet, overrides).sites.map(({ id, state }) => ({
      id,
      isDown: down.includes(id),
      isDrained: state === 'drained',
    }));
  } catch (error) {
    console.warn(`sites cannot be told of: ${(error as Error).message}`);
    return undefined;
  }
}
