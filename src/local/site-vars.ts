import type { Fleet, RequestClass, Site } from '../core/model/fleet.ts';
import { solverServiceName } from '../core/model/solver-name.ts';

/** What a site's solver Worker is deployed with; shared by generator, tests and local runs. */

/** Limit of a Worker's text variable (5 kB, read as 5,000 bytes to be on the safe side). */
export const maxVarBytes = 5000;

export type SolverVars = { SITE: string; CLASSES: string };

/** The text variables of a site's solver. Throws when one is over the platform's limit. */
export function solverVars(site: Site, classes: readonly RequestClass[]): SolverVars {
  const vars: SolverVars = {
    SITE: JSON.stringify({ schemaVersion: 1, site }),
    CLASSES: JSON.stringify(classes),
  };
  for (const [name, value] of Object.entries(vars)) {
    const sizeBytes = new TextEncoder().encode(value).length;
    if (sizeBytes <= maxVarBytes) continue;
    throw new Error(
      `site "${site.id}": variable ${name} takes ${sizeBytes} bytes, ` +
        `a Worker's variable holds at most ${maxVarBytes}`,
    );
  }
  return vars;
}

/** One solver Worker per site, in the registry's order. */
export function solverWorkers(fleet: Fleet): { site: Site; service: string; vars: SolverVars }[] {
  return fleet.sites.map((site) => ({
    site,
    service: solverServiceName(site.id),
    vars: solverVars(site, fleet.classes),
  }));
}
