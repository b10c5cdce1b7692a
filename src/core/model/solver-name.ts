/** Names by which solver Workers are deployed and bound. */

/** The solver that answers for a site: the one the registry names, else one of its own. */
export function solverOf(site: { id: string; solver?: string }): string {
  return site.solver ?? site.id;
}

/** Name of a solver's Worker. */
export function solverServiceName(solver: string): string {
  return `isotherm-site-${solver}`;
}

/** Name of the router's service binding to that Worker, e.g. SOLVER_GOLD_COAST. */
export function solverBindingName(solver: string): `SOLVER_${string}` {
  return `SOLVER_${variableName(solver)}`;
}

/** Name of the variable in which a solver holds a site's registry entry, e.g. SITE_GOLD_COAST. */
export function siteVariableName(siteId: string): `SITE_${string}` {
  return `SITE_${variableName(siteId)}`;
}

/** Name of the router's secret that holds the key of a site's server, e.g. UPSTREAM_KEY_GOLD_COAST. */
export function upstreamKeyName(siteId: string): `UPSTREAM_KEY_${string}` {
  return `UPSTREAM_KEY_${variableName(siteId)}`;
}

function variableName(id: string): string {
  return id.toUpperCase().replaceAll('-', '_');
}
