import { readdir } from 'node:fs/promises';
import type { z } from 'zod';
import { sha256Hex } from '../../core/accounting/sha256.ts';
import { isLoopback } from '../../core/loopback.ts';
import { type Fleet, publicFleet, publicFleetSchema } from '../../core/model/fleet.ts';
import { solverOf } from '../../core/model/solver-name.ts';
import { projectPath } from '../../local/bundle.ts';
import { count, utc } from '../format.ts';
import { inClone, ownCommand } from '../own-command.ts';
import {
  type Answer,
  asked,
  type DeployedIo,
  deploymentSchema,
  feedsSchema,
  planSchema,
  runsSchema,
  sitesSchema,
} from './answers.ts';
import { type Check, fault, ok, warning } from './check.ts';

/** Cron runs every 15 minutes; two missed in a row are no accident. */
const CRON_SILENT_MS = 35 * 60_000;

/** A deployment as its own admin API shows it. */
export async function deploymentChecks(fleet: Fleet, io: DeployedIo): Promise<Check[]> {
  const seen = await asked(io, '/admin/v1/deployment', deploymentSchema);
  if (seen.status === 401) {
    const fix =
      'is ISOTHERM_ADMIN_TOKEN the token whose SHA-256 is the secret ADMIN_TOKEN_SHA256? See docs/deploy.md';
    return [fault('deployment', io.url, seen.fault as string, fix)];
  }
  if (seen.body === undefined) {
    const fix =
      seen.fix ??
      `is this the root of the router? ${inClone('npm run deploy')}, then ${inClone('npx wrangler tail')}`;
    return [fault('deployment', io.url, seen.fault as string, fix)];
  }
  const { nowUtcMs, registry, hasClientKeys, migrations } = seen.body;
  const isSame = registry === digestOf(fleet);
  const [database, runs, plan, sites, feeds] = await Promise.all([
    databaseChecks(migrations),
    asked(io, '/admin/v1/runs', runsSchema),
    asked(io, '/admin/v1/plan', planSchema),
    asked(io, '/admin/v1/sites', sitesSchema),
    asked(io, '/admin/v1/feeds', feedsSchema),
  ]);
  return [
    ok('deployment', io.url, 'answers, and knows the admin token'),
    isSame
      ? ok('deployment', 'registry', 'is the one here')
      : fault('deployment', 'registry', 'is another than the one here', inClone('npm run deploy')),
    hasClientKeys
      ? ok('deployment', 'client keys', 'there are some')
      : fault(
          'deployment',
          'client keys',
          'there are none: every request is refused',
          `${ownCommand()} keys create --name NAME`,
        ),
    ...database,
    ...cronChecks(runs, nowUtcMs),
    planCheck(plan, nowUtcMs),
    ...solverChecks(sites, fleet, isLoopback(new URL(io.url).hostname)),
    ...deployedFeedChecks(feeds),
  ];
}

/** Of a registry as the router's bundle has it. */
export function digestOf(fleet: Fleet): string {
  const open = JSON.parse(JSON.stringify(publicFleet(fleet)));
  return sha256Hex(JSON.stringify(publicFleetSchema.parse(open)));
}

async function databaseChecks(applied: readonly string[]): Promise<Check[]> {
  const files = await readdir(projectPath('migrations'));
  const wanted = files.filter((name) => name.endsWith('.sql')).sort();
  const missing = wanted.filter((name) => !applied.includes(name));
  const unknown = applied.filter((name) => !wanted.includes(name));
  if (missing.length > 0) {
    const found = `lacks ${missing.length} of ${wanted.length} migrations: ${missing.join(', ')}`;
    return [
      fault('database', 'D1', found, inClone('npx wrangler d1 migrations apply DB --remote')),
    ];
  }
  if (unknown.length > 0) {
    const found = `has migrations that are not here: ${unknown.join(', ')}`;
    return [warning('database', 'D1', found, 'this clone is older than what was deployed')];
  }
  return [ok('database', 'D1', `has all ${wanted.length} migrations`)];
}

function cronChecks(runs: Answer<z.output<typeof runsSchema>>, nowUtcMs: number): Check[] {
  if (!runs.body)
    return [fault('cron', 'runs', runs.fault as string, inClone('npx wrangler tail'))];
  const { latest, ended } = runs.body;
  const all = latest ? [latest, ...ended] : ended;
  const times = all.filter((r) => r.trigger === 'cron').map((r) => r.requestedUtcMs);
  const checks: Check[] = [];
  if (times.length === 0) {
    const fix =
      'wait a quarter of an hour after the first deploy; crons are under [triggers] of wrangler.toml';
    checks.push(warning('cron', 'runs', 'no run of cron among the last ones', fix));
  } else {
    const at = Math.max(...times);
    const found = `ran last at ${utc(at)}`;
    checks.push(
      nowUtcMs - at <= CRON_SILENT_MS
        ? ok('cron', 'runs', found)
        : fault(
            'cron',
            'runs',
            found,
            `is the trigger there? ${inClone('npm run deploy')} sets it`,
          ),
    );
  }
  const [last] = all.filter((r) => r.status !== 'running');
  const failure =
    last?.status === 'failed'
      ? ended.find((r) => r.requestedUtcMs === last.requestedUtcMs)
      : undefined;
  if (failure) {
    const fix = 'GET /admin/v1/runs has its rounds, docs/architecture.md what failures mean';
    checks.push(fault('plan', 'latest run', failure.error ?? 'failed', fix));
  }
  return checks;
}

function planCheck(plan: Answer<z.output<typeof planSchema>>, nowUtcMs: number): Check {
  const again = 'curl -X POST with the admin token to /admin/v1/optimize, then see /admin/v1/runs';
  if (!plan.body) return fault('plan', 'current', plan.fault as string, again);
  const { version, startUtcMs, slotCount, slotHours, certificate } = plan.body.header;
  const endMs = startUtcMs + slotCount * slotHours * 3_600_000;
  const found = `plan ${version} from ${utc(startUtcMs)}, within ${(100 * certificate.gap).toPrecision(2)} % of the optimum`;
  return nowUtcMs < endMs
    ? ok('plan', 'current', found)
    : fault('plan', 'current', `${found}, past its horizon`, again);
}

function solverChecks(
  sites: Answer<z.output<typeof sitesSchema>>,
  fleet: Fleet,
  isLocal: boolean,
): Check[] {
  if (!sites.body)
    return [fault('solver', 'sites', sites.fault as string, inClone('npx wrangler tail'))];
  return sites.body.sites.map(({ id, excluded, solver }) => {
    const why = solver.fault ?? excluded;
    if (why !== null) {
      const own = fleet.sites.find((s) => s.id === id);
      const fix = /server is down/.test(why)
        ? `is the site’s server up? ${ownCommand()} doctor asks it from here`
        : inClone(`npx wrangler deploy -c wrangler.site.toml -e ${own ? solverOf(own) : id}`);
      return fault('solver', id, why, fix);
    }
    if (solver.placement === null && isLocal) {
      return ok('solver', id, 'answers; a run on this machine has no placement');
    }
    return solver.placement === null
      ? warning(
          'solver',
          id,
          'where it ran is not known',
          'solvers not asked yet have no placement',
        )
      : ok('solver', id, `ran at ${solver.placement}`);
  });
}

function deployedFeedChecks(feeds: Answer<z.output<typeof feedsSchema>>): Check[] {
  if (!feeds.body)
    return [fault('feed', 'deployed', feeds.fault as string, inClone('npx wrangler tail'))];
  const all = feeds.body.feeds;
  const faults = all.flatMap(({ id, fault: why }) =>
    why ? [fault('feed', `${id}, deployed`, why, 'see docs/feeds.md')] : [],
  );
  if (faults.length > 0 || all.length === 0) return faults;
  return [ok('feed', 'deployed', `${count(all.length, 'feed')} without a fault`)];
}
