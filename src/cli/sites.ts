import type { Command } from 'commander';
import { InvalidInputError, issueLines } from '../core/model/errors.ts';
import { type Fleet, fleetSchema } from '../core/model/fleet.ts';
import { issueWords } from '../core/model/issue-words.ts';
import { hasClimate } from '../feeds/embedded/climatology.ts';
import { hasGridRegion } from '../feeds/embedded/grid.ts';
import { readText } from '../local/fleet-file.ts';
import { parseJson } from '../local/json.ts';
import { solverFaults, solverVars } from '../local/site-vars.ts';
import { count } from './format.ts';
import { registryWarnings } from './registry-warnings.ts';
import { registerSiteOrders } from './site-orders.ts';

export function registerSites(program: Command): void {
  const sites = program
    .command('sites')
    .description('check the site registry; drain and limit sites of a deployment')
    .addHelpText(
      'after',
      `
Examples:
  isotherm sites validate config/fleet.json
  isotherm sites list --url https://llm.example
  isotherm sites drain --url https://llm.example perth --reason "new chiller"
  isotherm sites undrain --url https://llm.example perth`,
    );
  registerSiteOrders(sites);
  sites
    .command('validate')
    .argument('<file>', 'registry, JSON')
    .summary('check a registry; every fault with its path')
    .description(
      'Check a site registry: its schema, that every climateStation and gridRegion is embedded or ' +
        'described by the site, and that the solvers keep within the limits of Workers. Exit code 1 if it has faults.',
    )
    .option('--json', 'JSON on standard output')
    .addHelpText(
      'after',
      `
Examples:
  isotherm sites validate config/fleet.json
  isotherm sites validate my-sites.json --json`,
    )
    .action(async (file: string, options: { json?: true }) => {
      const { fleet, issues } = validateRegistry(await readText(file));
      const warnings = fleet ? registryWarnings(fleet) : [];
      if (options.json) {
        const report = {
          schemaVersion: 1,
          file,
          valid: issues.length === 0,
          issues,
          warnings,
          ...counts(fleet),
        };
        process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
      } else if (fleet && issues.length === 0) {
        process.stdout.write(`${file}: valid, ${summary(fleet)}\n`);
        for (const warning of warnings)
          process.stdout.write(`${file}: warning: ${line(warning)}\n`);
      } else {
        for (const issue of issues) process.stdout.write(`${file}: ${line(issue)}\n`);
      }
      if (issues.length > 0) throw new Error(`${file}: ${count(issues.length, 'fault')}`);
    });
}

export interface Issue {
  /** Place in the registry, e.g. `sites[3].cost.cooling`; empty for the file as a whole. */
  path: string;
  message: string;
}

function line({ path, message }: Issue): string {
  return path === '' ? message : `${path}: ${message}`;
}

/** Checks a registry's text; `fleet` is there if it has the right shape. */
export function validateRegistry(text: string): { fleet?: Fleet; issues: Issue[] } {
  let value: unknown;
  try {
    value = parseJson(text, '');
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    return { issues: error.issues.map((message) => ({ path: '', message })) };
  }
  const parsed = fleetSchema.safeParse(value, { error: issueWords(true) });
  if (parsed.success) {
    const issues = [
      ...feedIssues(parsed.data),
      ...variableIssues(parsed.data),
      ...solverFaults(parsed.data).map((message) => ({ path: 'sites', message })),
    ];
    return { fleet: parsed.data, issues };
  }
  const issues = issueLines(parsed.error).map((text) => {
    const at = text.indexOf(': ');
    return { path: text.slice(0, at), message: text.slice(at + 2) };
  });
  return { issues: [...issues, ...feedIssues(value)] };
}

/** Stations and regions no embedded feed knows; also looks into a registry with other faults. */
export function feedIssues(value: unknown): Issue[] {
  const sites = (value as { sites?: unknown } | null)?.sites;
  if (!Array.isArray(sites)) return [];
  const known = { climateStation: hasClimate, gridRegion: hasGridRegion };
  const insteadOf = { climateStation: 'climate', gridRegion: 'grid' };
  return sites.flatMap((site: Record<string, unknown> | null, j) =>
    Object.entries(known).flatMap(([field, has]) => {
      const name = site?.[field];
      if (typeof name !== 'string' || name === '' || has(name)) return [];
      const own = insteadOf[field as keyof typeof insteadOf];
      if (site?.[own] !== undefined) return [];
      const message = `the embedded feeds do not know "${name}", and the site has no "${own}" of its own`;
      return { path: `sites[${j}].${field}`, message };
    }),
  );
}

/** Sites too large for their solver's variables; too many classes are too many for every site. */
function variableIssues(fleet: Fleet): Issue[] {
  const issues = fleet.sites.flatMap((site, j) => {
    try {
      solverVars([site], fleet.classes);
      return [];
    } catch (error) {
      const message = (error as Error).message.replace(/^site "[^"]*": /, '');
      return { path: message.startsWith('variable CLASSES') ? 'classes' : `sites[${j}]`, message };
    }
  });
  return issues.filter((a, n) => issues.findIndex((b) => line(a) === line(b)) === n);
}

function counts(fleet: Fleet | undefined) {
  if (!fleet) return {};
  return {
    name: fleet.name,
    sites: fleet.sites.length,
    zones: fleet.zones.length,
    classes: fleet.classes.length,
    servers: fleet.sites.reduce((sum, s) => sum + s.hardware.servers, 0),
  };
}

function summary(fleet: Fleet): string {
  const c = counts(fleet) as Record<'sites' | 'zones' | 'classes' | 'servers', number>;
  return `"${fleet.name}": ${count(c.sites, 'site')}, ${count(c.zones, 'zone')}, ${count(c.classes, 'class')}, ${count(c.servers, 'server')}`;
}
