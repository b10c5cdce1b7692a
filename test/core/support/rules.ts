import type { DispatchProblem } from '../../../src/core/optimizer/problem.ts';
import type { Instance } from './instances.ts';
import type { Dice } from './random.ts';

/**
 * Rules of a registry, laid over a random instance by chance, as the optimizer is told of them:
 * maintenance, ramps, residency and a floor of fairness.
 */
export function withRules(instance: Instance, d: Dice): Instance {
  let { problem, sites } = instance;
  if (d.chance(0.3)) ({ problem, sites } = maintained({ problem, sites }, d));
  if (d.chance(0.3)) problem = ramped(problem, d);
  if (d.chance(0.3)) problem = resident(problem, d);
  if (d.chance(0.3)) problem = fair(problem, d.uniform(0, 0.15));
  return { problem, sites };
}

/** A window in which a site has less capacity, or none; the site knows. */
function maintained({ problem, sites }: Instance, d: Dice): Instance {
  const out = d.integer(0, sites.length - 1);
  const first = d.integer(0, problem.slotCount - 1);
  const last = d.integer(first, problem.slotCount - 1);
  const share = d.chance(0.5) ? 0 : d.uniform(0, 1);
  const left = (maxLoad: Float64Array) =>
    maxLoad.map((most, t) => (t >= first && t <= last ? share * most : most));
  const at = <T extends { maxLoad: Float64Array }>(of: T[]) =>
    of.map((s, j) => (j === out ? { ...s, maxLoad: left(s.maxLoad) } : s));
  return { problem: { ...problem, sites: at(problem.sites) }, sites: at(sites) };
}

/** Limits by what an earlier plan had; sites are told, and know of a higher limit themselves. */
function ramped(problem: DispatchProblem, d: Dice): DispatchProblem {
  const rise = d.uniform(0.02, 0.5);
  const sites = problem.sites.map((s) => ({
    ...s,
    maxLoad: s.maxLoad.map((most) => Math.min(most, (d.uniform(0, 1) ** 2 + rise) * most)),
  }));
  return { ...problem, sites, limited: true };
}

/** Some zones may use some sites only, or none at all. */
function resident(problem: DispatchProblem, d: Dice): DispatchProblem {
  const allowed = Array.from({ length: problem.zoneCount }, () => {
    const share = d.uniform(0, 1);
    return d.chance(0.5) ? problem.sites.map(() => d.chance(share)) : undefined;
  });
  return withEdges(problem, (r, e) => {
    const some = allowed[Math.floor(r / problem.classCount)];
    return some === undefined || some[problem.edgeSite[e]!]!;
  });
}

/** No zone is sent farther than so much beyond its nearest site, by cost of the way. */
function fair(problem: DispatchProblem, extraAud: number): DispatchProblem {
  const { rowStart, edgeCostAud } = problem;
  return withEdges(problem, (r, e) => {
    const nearest = Math.min(...edgeCostAud.subarray(rowStart[r], rowStart[r + 1]));
    return edgeCostAud[e]! <= nearest + extraAud;
  });
}

function withEdges(
  p: DispatchProblem,
  keeps: (row: number, edge: number) => boolean,
): DispatchProblem {
  const rowStart = new Int32Array(p.rowStart.length);
  const edges: number[] = [];
  for (let r = 0; r + 1 < rowStart.length; r++) {
    for (let e = p.rowStart[r]!; e < p.rowStart[r + 1]!; e++) if (keeps(r, e)) edges.push(e);
    rowStart[r + 1] = edges.length;
  }
  const edgeSite = Int32Array.from(edges, (e) => p.edgeSite[e]!);
  const edgeCostAud = Float64Array.from(edges, (e) => p.edgeCostAud[e]!);
  return { ...p, rowStart, edgeSite, edgeCostAud };
}

/** The instance with sites that know of the problem's own limits, as who reads only sites has to. */
export function toldLimits({ problem, sites }: Instance): Instance {
  return {
    problem,
    sites: sites.map((site, j) => {
      const { maxLoad } = problem.sites[j]!;
      return { ...site, maxLoad: site.maxLoad.map((most, t) => Math.min(most, maxLoad[t]!)) };
    }),
  };
}
