import { edgeCount, rowCount } from '../../optimizer/problem.ts';
import { atArrival } from '../waiting-work.ts';
import { loadPerReq } from './spill.ts';
import type { Policy } from './types.ts';

/** Rounds of proportional filling; each leaves only what full sites refused. */
const PASSES = 50;

export const spread: Policy = {
  id: 'spread',
  summary: 'every zone over all its sites in proportion to their capacity',
  decide({ problem }) {
    const p = atArrival(problem);
    const rows = rowCount(p);
    const flows: Float64Array[] = [];
    const left: Float64Array[] = [];
    for (let t = 0; t < p.slotCount; t++) {
      const flow = new Float64Array(edgeCount(p));
      const unserved = p.demandReqPerS.slice(t * rows, (t + 1) * rows);
      const room = Float64Array.from(p.sites, (s) => s.maxLoad[t] as number);
      for (let pass = 0; pass < PASSES; pass++) {
        const wanted = flow.map(() => 0);
        const asked = room.map(() => 0);
        for (let r = 0; r < rows; r++) {
          const from = p.rowStart[r] as number;
          const to = p.rowStart[r + 1] as number;
          let total = 0;
          for (let e = from; e < to; e++) total += room[p.edgeSite[e] as number] as number;
          for (let e = from; total > 0 && e < to; e++) {
            const j = p.edgeSite[e] as number;
            wanted[e] = ((unserved[r] as number) * (room[j] as number)) / total;
            asked[j] = (asked[j] as number) + (wanted[e] as number) * loadPerReq(p, e, r);
          }
        }
        const granted = asked.map((a, j) => (a > 0 ? Math.min(1, (room[j] as number) / a) : 0));
        for (let r = 0; r < rows; r++) {
          for (let e = p.rowStart[r] as number; e < (p.rowStart[r + 1] as number); e++) {
            const j = p.edgeSite[e] as number;
            const taken = (wanted[e] as number) * (granted[j] as number);
            flow[e] = (flow[e] as number) + taken;
            unserved[r] = Math.max(0, (unserved[r] as number) - taken);
            room[j] = Math.max(0, (room[j] as number) - taken * loadPerReq(p, e, r));
          }
        }
        if (unserved.every((u) => u < 1e-12)) break;
      }
      flows.push(flow);
      left.push(unserved);
    }
    return { flow: flows, unserved: left };
  },
};
