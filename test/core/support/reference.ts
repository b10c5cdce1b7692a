import loadHighs from 'highs';
import type { Instance } from './instances.ts';

/**
 * An independent solver on the same problem, in CPLEX LP text. The queue's cost, if any, enters as
 * h_jt ≥ 0 above every given line of the load.
 */
export type Lines = (site: number, slot: number) => { slope: number; intercept: number }[];

function lpText(
  { problem: p, sites }: Instance,
  lines: Lines | undefined,
  carbonKg: number | undefined,
): string {
  const emitted: string[] = [];
  const K = p.classCount;
  const rows = p.rowStart.length - 1;
  const cost: string[] = [];
  const constraints: string[] = [];
  const batchServed = (p.batch ?? []).map((_, b) => {
    cost.push(`+ ${p.unservedCostAud} u_${b}`);
    return [`u_${b}`];
  });
  const term = (c: number, name: string) => `${c < 0 ? '-' : '+'} ${Math.abs(c)} ${name}`;
  for (let t = 0; t < p.slotCount; t++) {
    const loads = p.sites.map(() => [] as string[]);
    for (let r = 0; r < rows; r++) {
      const served = [`y_${t}_${r}`];
      cost.push(term(p.unservedCostAud, `y_${t}_${r}`));
      for (let e = p.rowStart[r]!; e < p.rowStart[r + 1]!; e++) {
        const j = p.edgeSite[e]!;
        const name = `x_${t}_${e}`;
        served.push(name);
        cost.push(term(p.edgeCostAud[e]! + sites[j]!.rateAud[t * K + (r % K)]!, name));
        emitted.push(term(sites[j]!.impacts!.marginalCarbonKg[t * K + (r % K)]!, name));
        loads[j]!.push(term(p.sites[j]!.loadPerReqPerS[r % K]!, name));
      }
      constraints.push(`${served.join(' + ')} = ${p.demandReqPerS[t * rows + r]}`);
    }
    p.batch?.forEach((batch, b) => {
      if (t < batch.firstSlot || t > batch.lastSlot) return;
      const k = batch.classIndex;
      for (const j of batch.sites) {
        const name = `b_${b}_${j}_${t}`;
        cost.push(term(sites[j]!.rateAud[t * K + k]!, name));
        loads[j]!.push(term(p.sites[j]!.loadPerReqPerS[k]!, name));
        emitted.push(term(sites[j]!.impacts!.marginalCarbonKg[t * K + k]!, name));
        batchServed[b]!.push(name);
      }
    });
    p.sites.forEach((site, j) => {
      if (loads[j]!.length === 0) return;
      constraints.push(`${loads[j]!.join(' ')} - l_${j}_${t} = 0`);
      constraints.push(`l_${j}_${t} <= ${site.maxLoad[t]}`);
      if (!lines) return;
      cost.push(`+ h_${j}_${t}`);
      for (const { slope, intercept } of lines(j, t)) {
        constraints.push(`h_${j}_${t} - ${slope} l_${j}_${t} >= ${intercept}`);
      }
    });
  }
  p.batch?.forEach((batch, b) => {
    constraints.push(`${batchServed[b]!.join(' + ')} = ${batch.amount}`);
  });
  if (carbonKg !== undefined) {
    const standing = sites.flatMap((s) => [...s.impacts!.carbonKg]).reduce((a, b) => a + b, 0);
    constraints.push(`${emitted.join(' ')} <= ${carbonKg - standing}`);
  }
  const numbered = constraints.map((c, i) => ` c${i}: ${c}`).join('\n');
  return `Minimize\n obj: ${cost.join('\n ')}\nSubject To\n${numbered}\nEnd\n`;
}

const highs = await loadHighs();

/** Optimal objective in AUD, the sites' base cost included, with no more carbon than given. */
export function reference(instance: Instance, lines?: Lines, carbonKg?: number): number {
  const result = highs.solve(lpText(instance, lines, carbonKg), {
    primal_feasibility_tolerance: 1e-9,
    dual_feasibility_tolerance: 1e-9,
  });
  if (result.Status !== 'Optimal') throw new Error(`HiGHS: ${result.Status}`);
  const base = instance.sites.reduce((s, x) => s + x.baseAud.reduce((a, b) => a + b, 0), 0);
  return result.ObjectiveValue + base;
}
