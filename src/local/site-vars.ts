import type { Fleet, RequestClass, Site } from '../core/model/fleet.ts';
import { siteVariableName, solverOf, solverServiceName } from '../core/model/solver-name.ts';

/** What solver Workers are deployed with; shared by generator, tests and local runs. */

/** Limit of a Worker's text variable (5 kB, read as 5,000 bytes to be on the safe side). */
export const maxVarBytes = 5000;

/** Variables a Worker may have on the paid plan (64 on the free one): a site each, and CLASSES. */
const maxVars = 128;

/** Workers that one request may invoke: a round of the coordinator invokes every solver. */
const maxSolvers = 32;

export type SolverWorker = {
  solver: string;
  service: string;
  region: string;
  sites: Site[];
  vars: Record<string, string>;
  /** Whether any of its sites is to be asked how its plant is. */
  asksPlants: boolean;
};

/** The text variables of a solver of these sites. Throws when one is over the platform's limit. */
export function solverVars(
  sites: readonly Site[],
  classes: readonly RequestClass[],
): Record<string, string> {
  const vars: Record<string, string> = {};
  for (const site of sites) {
    vars[siteVariableName(site.id)] = fitting(site, siteVariableName(site.id), {
      schemaVersion: 1,
      site,
    });
  }
  vars.CLASSES = fitting(sites[0] as Site, 'CLASSES', classes);
  return vars;
}

function fitting(site: Site, name: string, value: unknown): string {
  const text = JSON.stringify(value);
  const sizeBytes = new TextEncoder().encode(text).length;
  if (sizeBytes <= maxVarBytes) return text;
  throw new Error(
    `site "${site.id}": variable ${name} takes ${sizeBytes} bytes, ` +
      `a Worker's variable holds at most ${maxVarBytes}`,
  );
}

/** The solver Workers of a fleet, in the registry's order. Throws where solverFaults has any. */
export function solverWorkers(fleet: Fleet): SolverWorker[] {
  const [fault] = solverFaults(fleet);
  if (fault !== undefined) throw new Error(fault);
  return [...Map.groupBy(fleet.sites, solverOf)].map(([solver, sites]) => ({
    solver,
    service: solverServiceName(solver),
    region: (sites[0] as Site).placementRegion,
    sites,
    vars: solverVars(sites, fleet.classes),
    asksPlants: sites.some(({ cost }) => cost.plantStateUrl !== undefined),
  }));
}

/** Why the sites' division among solvers cannot be deployed: one message a fault. */
export function solverFaults(fleet: Fleet): string[] {
  const bySolver = Map.groupBy(fleet.sites, solverOf);
  const faults = [...bySolver].flatMap(([solver, sites]) =>
    sites.length < maxVars
      ? []
      : `solver "${solver}" has ${sites.length} sites, ` +
        `the variables of a Worker hold at most ${maxVars - 1}`,
  );
  if (bySolver.size > maxSolvers) {
    faults.push(
      `${bySolver.size} solvers, a round can ask at most ${maxSolvers}: ` +
        'give sites of one placementRegion the same "solver"',
    );
  }
  return faults;
}
