import loadHighs from 'highs';
import { waitingRequests, waitingSlope } from '../../src/core/model/queueing.ts';
import { rowCount } from '../../src/core/optimizer/problem.ts';
import type { Instance } from './edge-instance.ts';
import { cpuMs } from './run.ts';

/** Tangents by site and slot; denser towards the limit, where the queue bends most. */
const TANGENTS = 40;

export interface HighsResult {
  /** CPU of the solver alone, its input's text not counted. */
  ms: number;
  /** Optimum of the piecewise-linear problem, AUD: below the true one by the linearisation alone. */
  objectiveAud: number;
}

/**
 * The centralised problem, every site's costs in one place, with the queue's cost from below by
 * tangents, in HiGHS. Slots are independent, and it gets them one by one, which is faster for it than
 * all at once.
 */
export async function solveWithHighs(instance: Instance): Promise<HighsResult> {
  const highs = await loadHighs();
  const { problem, sites } = instance;
  let ms = 0;
  let objectiveAud = sites.reduce((sum, s) => sum + s.baseAud.reduce((a, b) => a + b, 0), 0);
  for (let t = 0; t < problem.slotCount; t++) {
    const text = lpText(instance, t);
    const start = cpuMs();
    const result = highs.solve(text, { threads: 1 });
    ms += cpuMs() - start;
    if (result.Status !== 'Optimal') throw new Error(`HiGHS: ${result.Status} in slot ${t}`);
    objectiveAud += result.ObjectiveValue;
  }
  return { ms, objectiveAud };
}

/** One slot in CPLEX LP text. */
function lpText({ problem: p, sites }: Instance, t: number): string {
  const K = p.classCount;
  const rows = rowCount(p);
  const lines: string[] = ['Minimize', ' obj:'];
  const loads = p.sites.map(() => [] as string[]);
  for (let r = 0; r < rows; r++) {
    lines.push(` + ${p.unservedCostAud} y${r}`);
    for (let e = p.rowStart[r]!; e < p.rowStart[r + 1]!; e++) {
      const j = p.edgeSite[e]!;
      lines.push(` ${signed(p.edgeCostAud[e]! + sites[j]!.rateAud[t * K + (r % K)]!)} x${e}`);
      loads[j]!.push(`+ ${p.sites[j]!.loadPerReqPerS[r % K]!} x${e}`);
    }
  }
  p.sites.forEach((_, j) => {
    lines.push(` + h${j}`);
  });
  lines.push('Subject To');
  for (let r = 0; r < rows; r++) {
    const row = [`y${r}`];
    for (let e = p.rowStart[r]!; e < p.rowStart[r + 1]!; e++) row.push(`x${e}`);
    lines.push(` d${r}: ${row.join(' + ')} = ${p.demandReqPerS[t * rows + r]}`);
  }
  p.sites.forEach((site, j) => {
    lines.push(` l${j}: ${loads[j]!.join(' ')} - n${j} = 0`);
    const { queue, waitingAud } = sites[j]!;
    for (let n = 0; n <= TANGENTS; n++) {
      const load = site.maxLoad[t]! * (1 - (1 - n / TANGENTS) ** 2);
      const u = load / queue.servers;
      const slope = (waitingAud[t]! * waitingSlope(queue, u)) / queue.servers;
      const intercept = waitingAud[t]! * waitingRequests(queue, u) - slope * load;
      if (slope > 0) lines.push(` q${j}_${n}: h${j} ${signed(-slope)} n${j} >= ${intercept}`);
    }
  });
  lines.push('Bounds');
  p.sites.forEach((site, j) => {
    lines.push(` 0 <= n${j} <= ${site.maxLoad[t]}`);
  });
  lines.push('End');
  return lines.join('\n');
}

function signed(value: number): string {
  return value < 0 ? `- ${-value}` : `+ ${value}`;
}
