import { type Command, Option } from 'commander';
import type { Fleet } from '../core/model/fleet.ts';
import { projectPath } from '../local/bundle.ts';
import { readText } from '../local/fleet-file.ts';
import { fleetFile } from '../local/generated.ts';
import { addressOf } from './deployment.ts';
import type { Check } from './doctor/check.ts';
import { generatedChecks, placementChecks, registryChecks } from './doctor/configuration.ts';
import { deploymentChecks } from './doctor/deployed.ts';
import { feedChecks } from './doctor/live-feeds.ts';
import { upstreamChecks } from './doctor/upstreams.ts';
import { count } from './format.ts';
import { wholeNumber } from './options.ts';
import { bold } from './table.ts';

interface DoctorOptions {
  fleet?: string;
  url?: string;
  timeoutMs: number;
  offline?: true;
  servers: boolean;
  json?: true;
}

export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .summary('what stands between this clone and live traffic, and what to do about it')
    .description(
      'Check the registry and what is generated from it, that every solver is near its site, that every ' +
        'server answers GET /v1/models with the models it is to serve, and live feeds. With --url also a ' +
        'deployment: its registry, migrations of D1, keys, cron, plan, solvers with where they ran, feeds.',
    )
    .addOption(new Option('--fleet <file>', 'site registry (default: config/fleet.json)'))
    .addOption(new Option('--url <url>', 'root of a deployment').env('ISOTHERM_URL'))
    .addOption(
      new Option('--timeout-ms <ms>', 'how long a server may take')
        .argParser(wholeNumber(1, 600_000))
        .default(10_000),
    )
    .addOption(new Option('--offline', 'ask nobody: files only'))
    .addOption(
      new Option('--no-servers', 'ask the deployment alone, not the sites’ servers and feeds'),
    )
    .addOption(new Option('--json', 'JSON on standard output'))
    .addHelpText(
      'after',
      `
Keys are read from the environment, under the names of the router's secrets: UPSTREAM_KEY_<SITE>, those
of feeds, and ISOTHERM_ADMIN_TOKEN for --url. Exit code 1 if there is a fault; warnings alone are none.

Examples:
  isotherm doctor
  isotherm doctor --offline --fleet my-sites.json
  isotherm doctor --url https://llm.example --no-servers --json`,
    )
    .action(doctor);
}

async function doctor(options: DoctorOptions): Promise<void> {
  const deployed = options.url === undefined || options.offline ? undefined : addressOf(options);
  const file = options.fleet ?? fleetFile;
  const text = await readText(options.fleet ?? projectPath(fleetFile));
  const { fleet, checks } = registryChecks(text, file);
  if (fleet !== undefined) {
    if (options.fleet === undefined)
      checks.push(...(await generatedChecks(fleet, projectPath('.'))));
    checks.push(...placementChecks(fleet));
    if (!options.offline) checks.push(...(await serverChecks(fleet, options, deployed)));
  }
  const faults = checks.filter((c) => c.status === 'fault').length;
  const warnings = checks.filter((c) => c.status === 'warning').length;
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ schemaVersion: 1, healthy: faults === 0, faults, warnings, checks }, null, 2)}\n`
      : `${told(checks).join('\n')}\n\n${count(checks.length, 'check')}, ${count(faults, 'fault')}, ${count(warnings, 'warning')}.\n`,
  );
  if (faults > 0) throw new Error(count(faults, 'fault'));
}

async function serverChecks(
  fleet: Fleet,
  { timeoutMs, servers }: DoctorOptions,
  deployed: { url: string; adminToken: string } | undefined,
): Promise<Check[]> {
  const secret = (name: string) => process.env[name] || undefined;
  const all = await Promise.all([
    servers ? upstreamChecks(fleet, { fetch, secret, timeoutMs }) : [],
    servers ? feedChecks(fleet, { fetch, nowMs: Date.now(), timeoutMs, secret }) : [],
    deployed ? deploymentChecks(fleet, { ...deployed, fetch, timeoutMs }) : [],
  ]);
  return all.flat();
}

const words = { ok: 'ok     ', warning: 'warning', fault: 'FAULT  ' };

/** More checks than this that find the same are one line. */
const MOST_ALIKE = 2;

/**
 * Lines of all checks; those that find the same of many sites are one, what one remedy mends is told in
 * one place, and the remedy once.
 */
function told(checks: readonly Check[]): string[] {
  const alike = Map.groupBy(folded(checks), (c) =>
    c.fix === undefined ? c : `${c.area} ${c.status} ${c.fix}`,
  );
  return [...alike.values()].flatMap((group) =>
    group.map((check, n) => line(n < group.length - 1 ? { ...check, fix: undefined } : check)),
  );
}

function folded(checks: readonly Check[]): Check[] {
  const same = Map.groupBy(checks, (c) =>
    [c.area, c.status, c.alike?.found ?? c.found, c.fix].join('\n'),
  );
  return [...same.values()].flatMap((group) => {
    const [first] = group;
    const isOfSites = first?.area === 'solver' || first?.alike !== undefined;
    if (first === undefined || !isOfSites || group.length <= MOST_ALIKE) return group;
    const names = group.map((c) => c.alike?.of ?? c.of).join(', ');
    const of = count(group.length, 'site');
    return [{ ...first, of, found: `${first.alike?.found ?? first.found} (${names})` }];
  });
}

function line({ area, of, status, found, fix }: Check): string {
  const head = `${words[status]}  ${area.padEnd(10)} ${of}: ${found}`;
  return fix === undefined ? head : `${status === 'fault' ? bold(head) : head}\n         → ${fix}`;
}
