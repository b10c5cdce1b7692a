/** Names by which a site's solver Worker is deployed and bound. */

/** Name of the Worker that solves for a site. */
export function solverServiceName(siteId: string): string {
  return `isotherm-site-${siteId}`;
}

/** Name of the router's service binding to that Worker, e.g. SOLVER_GOLD_COAST. */
export function solverBindingName(siteId: string): `SOLVER_${string}` {
  return `SOLVER_${siteId.toUpperCase().replaceAll('-', '_')}`;
}
