import type { MasterSolution, SiteModel } from '../../../src/core/optimizer/master/index.ts';
import { type DispatchProblem, rowCount } from '../../../src/core/optimizer/problem.ts';

/** How far a master's solution is from optimal and feasible, each part relative to its own scale. */
export interface MasterResiduals {
  /** |Σx + y − λ| by row, over λ. */
  demand: number;
  /** Load beyond the limit, over the limit. */
  capacity: number;
  /** Smallest flow, unserved or capacity rent (negative is infeasible), over its scale. */
  sign: number;
  /** Σ flow · (its cost − the row's cheapest) + Σ rent · free capacity, over the objective's scale. */
  complementarity: number;
}

/** Checks the optimality conditions from the problem alone, not from the solver's own residuals. */
export function masterResiduals(
  p: DispatchProblem,
  slot: number,
  models: SiteModel[],
  s: MasterSolution,
): MasterResiduals {
  const rows = rowCount(p);
  const K = p.classCount;
  const out: MasterResiduals = { demand: 0, capacity: 0, sign: 0, complementarity: 0 };
  let slackness = 0;
  let scale = 0;
  const totals = new Float64Array(p.sites.length * K);
  for (let r = 0; r < rows; r++) {
    const demand = p.demandReqPerS[slot * rows + r]!;
    const unserved = s.unserved[r]!;
    let sum = unserved;
    let cheapest = p.unservedCostAud;
    for (let e = p.rowStart[r]!; e < p.rowStart[r + 1]!; e++) {
      const j = p.edgeSite[e]!;
      sum += s.flow[e]!;
      totals[j * K + (r % K)] = totals[j * K + (r % K)]! + s.flow[e]!;
      if (p.sites[j]!.maxLoad[slot]! > 0) {
        cheapest = Math.min(cheapest, p.edgeCostAud[e]! + s.prices[j * K + (r % K)]!);
      }
      out.sign = Math.min(out.sign, s.flow[e]! / Math.max(demand, 1e-300));
    }
    out.sign = Math.min(out.sign, unserved / Math.max(demand, 1e-300));
    out.demand = Math.max(out.demand, Math.abs(sum - demand) / Math.max(demand, 1e-300));
    if (demand === 0) out.demand = Math.max(out.demand, sum);
    for (let e = p.rowStart[r]!; e < p.rowStart[r + 1]!; e++) {
      const cost = p.edgeCostAud[e]! + s.prices[p.edgeSite[e]! * K + (r % K)]!;
      slackness += s.flow[e]! * (cost - cheapest);
      scale += s.flow[e]! * Math.abs(cost);
    }
    slackness += unserved * (p.unservedCostAud - cheapest);
    scale += unserved * p.unservedCostAud;
  }
  const at = { value: 0, slope: 0 };
  p.sites.forEach((site, j) => {
    const limit = site.maxLoad[slot]!;
    let load = 0;
    for (let k = 0; k < K; k++) load += site.loadPerReqPerS[k]! * totals[j * K + k]!;
    out.capacity = Math.max(out.capacity, (load - limit) / Math.max(limit, 1e-9));
    if (limit === 0) return;
    const model = models[j]!;
    model.congestion?.at(load, at);
    const congestion = model.congestion ? at.value : 0;
    // The rent κ that a class sees is (price − gradient)/s; all classes of a site must see the same.
    const rents = Array.from({ length: K }, (_, k) => {
      const s_k = site.loadPerReqPerS[k]!;
      const q = model.quadratic;
      const pull = q ? q.weight[k]! * (totals[j * K + k]! - q.center[k]!) : 0;
      return (s.prices[j * K + k]! - model.offsetAud[k]! - pull) / s_k - congestion;
    });
    const rent = rents.reduce((a, b) => a + b, 0) / K;
    const rentSpread = Math.max(...rents) - Math.min(...rents);
    slackness += Math.max(rent, 0) * Math.max(limit - load, 0);
    slackness += (Math.max(-rent, 0) + rentSpread) * load;
  });
  out.complementarity = scale > 0 ? slackness / scale : 0;
  return out;
}
