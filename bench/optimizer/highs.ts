import loadHighs from 'highs';
import { waitingRequests } from '../../src/core/model/queueing.ts';
import { type DispatchProblem, rowCount } from '../../src/core/optimizer/problem.ts';
import type { Instance } from '../../test/core/support/instances.ts';
import { cpuMs } from './run.ts';

/** Pieces of each site's queue cost, narrower towards the limit, where it bends most. */
const PIECES = 24;

export interface HighsResult {
  /** CPU of the package's whole call: reading the text, solving, writing the solution. */
  ms: number;
  /** Of that, presolve, solver and postsolve alone. */
  solveMs: number;
  /** True cost of its plan, AUD. */
  objectiveAud: number;
}

/**
 * The centralised problem, every site's costs in one place, with the queue's cost in linear pieces,
 * in HiGHS on one thread: the whole day at once.
 */
export async function solveWithHighs(instance: Instance): Promise<HighsResult> {
  // The log is written in step with the work: the model's size once the text is read, the time last.
  const log: { line: string; atMs: number }[] = [];
  const highs = await loadHighs({ print: (line: string) => log.push({ line, atMs: cpuMs() }) });
  const text = lpText(instance);
  const start = cpuMs();
  const value = solveText(highs, text);
  const ms = cpuMs() - start;
  const at = (pattern: RegExp): number => {
    const entry = log.find(({ line }) => pattern.test(line));
    if (!entry) throw new Error(`HiGHS: no line ${pattern} in its log`);
    return entry.atMs;
  };
  const solveMs = at(/^HiGHS run time/) - at(/^LP .* has \d+ rows/);
  let objectiveAud = 0;
  for (let t = 0; t < instance.problem.slotCount; t++) {
    objectiveAud += trueCostAud(instance, t, value);
  }
  return { ms, solveMs, objectiveAud };
}

/** Values of the optimal plan by name. */
export function solveText(
  highs: Awaited<ReturnType<typeof loadHighs>>,
  text: string,
): (name: string) => number {
  const result = highs.solve(text, { threads: 1 });
  if (result.Status !== 'Optimal') throw new Error(`HiGHS: ${result.Status}`);
  return (name) => result.Columns[name]?.Primal ?? 0;
}

/** Widths and unit costs of a site's pieces in a slot. */
function pieces({ problem, sites }: Instance, j: number, t: number) {
  const { queue, waitingAud } = sites[j]!;
  const limit = problem.sites[j]!.maxLoad[t]!;
  const at = (n: number) => limit * (1 - (1 - n / PIECES) ** 2);
  const cost = (load: number) => waitingAud[t]! * waitingRequests(queue, load / queue.servers);
  return Array.from({ length: PIECES }, (_, n) => {
    const width = at(n + 1) - at(n);
    return { width, slopeAud: (cost(at(n + 1)) - cost(at(n))) / width };
  });
}

/** The whole problem in CPLEX LP text. */
export function lpText(instance: Instance): string {
  const { problem: p, sites } = instance;
  const K = p.classCount;
  const rows = rowCount(p);
  const objective: string[] = [];
  const constraints: string[] = [];
  const bounds: string[] = [];
  for (let t = 0; t < p.slotCount; t++) {
    const loads = p.sites.map(() => [] as string[]);
    for (let r = 0; r < rows; r++) {
      const served = [`y${t}_${r}`];
      objective.push(`+ ${p.unservedCostAud} y${t}_${r}`);
      for (let e = p.rowStart[r]!; e < p.rowStart[r + 1]!; e++) {
        const j = p.edgeSite[e]!;
        const name = `x${t}_${e}`;
        served.push(name);
        objective.push(
          `${signed(p.edgeCostAud[e]! + sites[j]!.rateAud[t * K + (r % K)]!)} ${name}`,
        );
        loads[j]!.push(`+ ${p.sites[j]!.loadPerReqPerS[r % K]!} ${name}`);
      }
      constraints.push(`d${t}_${r}: ${served.join(' + ')} = ${p.demandReqPerS[t * rows + r]}`);
    }
    p.sites.forEach((_, j) => {
      const parts = pieces(instance, j, t).map(({ width, slopeAud }, n) => {
        objective.push(`+ ${slopeAud} n${t}_${j}_${n}`);
        bounds.push(`0 <= n${t}_${j}_${n} <= ${width}`);
        return `- n${t}_${j}_${n}`;
      });
      constraints.push(`l${t}_${j}: ${loads[j]!.join(' ')} ${parts.join(' ')} = 0`);
    });
  }
  const lines = (of: string[]) => of.map((line) => ` ${line}`).join('\n');
  return `Minimize\n obj:\n${lines(objective)}\nSubject To\n${lines(constraints)}\nBounds\n${lines(bounds)}\nEnd\n`;
}

function signed(value: number): string {
  return value < 0 ? `- ${-value}` : `+ ${value}`;
}

function trueCostAud(instance: Instance, t: number, value: (name: string) => number): number {
  const { problem: p, sites } = instance;
  const K = p.classCount;
  const loads = new Float64Array(p.sites.length);
  let cost = 0;
  for (let r = 0; r < rowCount(p); r++) {
    cost += value(`y${t}_${r}`) * p.unservedCostAud;
    for (let e = p.rowStart[r]!; e < p.rowStart[r + 1]!; e++) {
      const j = p.edgeSite[e]!;
      const x = value(`x${t}_${e}`);
      cost += x * (p.edgeCostAud[e]! + sites[j]!.rateAud[t * K + (r % K)]!);
      loads[j] = loads[j]! + x * loadOf(p, j, r % K);
    }
  }
  sites.forEach((site, j) => {
    const u = loads[j]! / site.queue.servers;
    cost += site.baseAud[t]! + site.waitingAud[t]! * waitingRequests(site.queue, u);
  });
  return cost;
}

function loadOf(p: DispatchProblem, j: number, k: number): number {
  return p.sites[j]!.loadPerReqPerS[k]!;
}
