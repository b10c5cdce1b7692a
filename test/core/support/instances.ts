import type { Lateness } from '../../../src/core/model/lateness.ts';
import type {
  BatchDemand,
  DispatchProblem,
  SiteCapability,
} from '../../../src/core/optimizer/problem.ts';
import type { SiteProblem } from '../../../src/core/optimizer/site-subproblem.ts';
import { dice } from './random.ts';

/** What a random instance looks like; the figures are of the embedded fleet's order. */
export interface InstanceShape {
  zones: number;
  sites: number;
  classes: number;
  slots: number;
  /** Total load of the demand over total capacity, before edges restrict it. */
  utilisation: number;
  /** Probability that a zone may use a site in a class; each row keeps one edge at least. */
  edgeShare: number;
  /** Price of a waiting request, AUD; 0 makes every site's cost linear. */
  waitingAud: number;
  /** AUD per busy server and slot if every request were late; 0: no price on lateness. */
  lateAud: number;
  /** Probability that a site's energy price is negative in a slot. */
  negativeShare: number;
  /** Probability of a closed site in a slot, and of a row without demand. */
  closedShare: number;
  idleRowShare: number;
  /** Factor on every site's servers, and so on demand. */
  serverFactor: number;
  /** The coordinator's prior of the price of waiting, over the true one. */
  priorFactor: number;
  /** Whether sites pay something for standing there. */
  base: boolean;
}

export const usualShape: InstanceShape = {
  zones: 5,
  sites: 5,
  classes: 2,
  slots: 3,
  utilisation: 0.5,
  edgeShare: 0.8,
  waitingAud: 1,
  lateAud: 0,
  negativeShare: 0.2,
  closedShare: 0,
  idleRowShare: 0,
  serverFactor: 1,
  priorFactor: 1,
  base: true,
};

export interface Instance {
  problem: DispatchProblem;
  sites: SiteProblem[];
}

/** A random instance, the same for the same seed and shape. */
export function randomInstance(seed: number, partial: Partial<InstanceShape> = {}): Instance {
  const shape = { ...usualShape, ...partial };
  const d = dice(seed);
  const { zones: I, sites: J, classes: K, slots: T } = shape;
  const classWork = Array.from({ length: K }, () => d.uniform(0.15, 0.6));
  const classKw = Array.from({ length: K }, () => d.uniform(1, 3));
  const capabilities: SiteCapability[] = [];
  const sites: SiteProblem[] = [];
  for (let j = 0; j < J; j++) {
    const servers = d.integer(1, 20) * shape.serverFactor;
    const variability = d.uniform(0.5, 3);
    const speed = d.uniform(0.6, 1.4);
    const loadPerReqPerS = Float64Array.from(classWork, (s) => s * speed * d.uniform(0.9, 1.1));
    const limit = servers * d.uniform(0.6, 0.95);
    const maxLoad = Float64Array.from({ length: T }, () =>
      d.chance(shape.closedShare) ? 0 : limit,
    );
    const lateness: Lateness | undefined =
      shape.lateAud > 0
        ? {
            servers,
            decay: Float64Array.from({ length: K }, (_, k) => 10 ** ((j + k) % 3)),
            fullAud: new Float64Array(K).fill((shape.lateAud * servers) / K),
          }
        : undefined;
    const site: SiteProblem = {
      slotCount: T,
      classCount: K,
      baseAud: Float64Array.from({ length: T }, () => (shape.base ? d.uniform(0, 2) : 0)),
      rateAud: new Float64Array(T * K),
      waitingAud: new Float64Array(T).fill(shape.waitingAud),
      loadPerReqPerS,
      maxLoad: maxLoad.slice(),
      queue: { servers, variability },
      lateness,
    };
    for (let t = 0; t < T; t++) {
      const audPerKwh = d.chance(shape.negativeShare) ? -d.uniform(0, 0.2) : d.uniform(0.02, 0.4);
      for (let k = 0; k < K; k++) {
        site.rateAud[t * K + k] = audPerKwh * (classKw[k] as number) * speed;
      }
    }
    site.impacts = {
      carbonKg: site.baseAud.map((aud) => 2 * aud),
      waterL: site.baseAud.map((aud) => 3 * aud),
      marginalCarbonKg: site.rateAud.map((aud) => 0.1 + Math.abs(aud)),
      marginalWaterL: site.rateAud.map((_, i) => 0.05 * (1 + ((i + j) % 4))),
    };
    sites.push(site);
    capabilities.push({
      id: `site-${j}`,
      loadPerReqPerS,
      maxLoad,
      prior: {
        servers,
        variability,
        costAudPerWaiting: shape.priorFactor * shape.waitingAud,
        lateness: lateness && {
          ...lateness,
          fullAud: lateness.fullAud.map((aud) => shape.priorFactor * aud),
        },
      },
    });
  }
  const rows = I * K;
  const rowStart = new Int32Array(rows + 1);
  const edgeSite: number[] = [];
  const edgeCost: number[] = [];
  for (let r = 0; r < rows; r++) {
    const always = d.integer(0, J - 1);
    for (let j = 0; j < J; j++) {
      const keep = d.chance(shape.edgeShare);
      const cost = d.uniform(0.02, 0.3);
      if (!keep && j !== always) continue;
      edgeSite.push(j);
      edgeCost.push(cost);
    }
    rowStart[r + 1] = edgeSite.length;
  }
  const demandReqPerS = Float64Array.from({ length: T * rows }, () =>
    d.chance(shape.idleRowShare) ? 0 : d.uniform(0.1, 1),
  );
  for (let t = 0; t < T; t++) {
    let load = 0;
    for (let r = 0; r < rows; r++) {
      let mean = 0;
      for (const c of capabilities) mean += (c.loadPerReqPerS[r % K] as number) / J;
      load += (demandReqPerS[t * rows + r] as number) * mean;
    }
    let capacity = 0;
    for (const c of capabilities) capacity += c.maxLoad[t] as number;
    const factor = load > 0 ? (shape.utilisation * Math.max(capacity, 1)) / load : 0;
    for (let r = 0; r < rows; r++) {
      demandReqPerS[t * rows + r] = (demandReqPerS[t * rows + r] as number) * factor;
    }
  }
  const problem: DispatchProblem = {
    slotCount: T,
    classCount: K,
    zoneCount: I,
    sites: capabilities,
    demandReqPerS,
    rowStart,
    edgeSite: Int32Array.from(edgeSite),
    edgeCostAud: Float64Array.from(edgeCost),
    unservedCostAud: 180,
  };
  return { problem, sites };
}

/**
 * The same instance with the demand of class k able to wait: what arrives in a slot may be served in
 * any of the next `wait` slots too. Rows of zones that may use the same sites make one batch demand.
 */
export function withBatch({ problem: p, sites }: Instance, k: number, wait: number): Instance {
  const R = p.zoneCount * p.classCount;
  const groups = new Map<string, number[]>();
  for (let r = k; r < R; r += p.classCount) {
    const key = p.edgeSite.slice(p.rowStart[r], p.rowStart[r + 1]).join();
    groups.set(key, [...(groups.get(key) ?? []), r]);
  }
  const demandReqPerS = p.demandReqPerS.slice();
  const edgeCostAud = p.edgeCostAud.slice();
  const batch: BatchDemand[] = [];
  for (const rows of groups.values()) {
    for (const r of rows) edgeCostAud.fill(0, p.rowStart[r], p.rowStart[r + 1]);
    for (let t = 0; t < p.slotCount; t++) {
      const demand = Float64Array.from(rows, (r) => p.demandReqPerS[t * R + r] as number);
      const amount = demand.reduce((a, b) => a + b, 0);
      for (const r of rows) demandReqPerS[t * R + r] = 0;
      if (amount === 0) continue;
      batch.push({
        classIndex: k,
        firstSlot: t,
        lastSlot: Math.min(p.slotCount - 1, t + wait),
        amount,
        sites: p.edgeSite.slice(p.rowStart[rows[0] as number], p.rowStart[(rows[0] as number) + 1]),
        rows: Int32Array.from(rows),
        rowShare: demand.map((d) => d / amount),
      });
    }
  }
  return { problem: { ...p, demandReqPerS, edgeCostAud, batch }, sites };
}
