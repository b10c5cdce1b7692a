import { rowCount } from '../../optimizer/problem.ts';
import { atArrival } from '../waiting-work.ts';
import { eachEdge, edgeTakes, edgeTtftMs } from './edges.ts';
import { lexicographic, total } from './lexicographic.ts';
import { nearestFlows } from './nearest.ts';
import { filled, loadPerReq } from './spill.ts';
import type { Decision, Policy } from './types.ts';

/** What each aim may give up for the next: the paper's cost is within this of its least. */
const SLACK = 0.03;

/** Room for an interior point where the nearest sites take the least water there is. */
const ROUNDING = 1e-6;

/**
 * After Green-LLM (Cheng and Nguyen, arXiv:2507.09942): cost, then emissions, then delay, each within
 * 3 % of its least, with a limit on water. The limit here is what requests take at their nearest sites,
 * so that it can always be kept. Delay is network and prefill; queues are unknown to a linear program.
 * Work that may wait is served as it comes. What nobody could serve at the nearest sites first, in hours
 * without room for all, stays unserved.
 */
export const greenLlmLike: Policy = {
  id: 'green-llm-like',
  summary: 'least cost, then carbon, then delay, each within 3 %, water limited (Green-LLM)',
  decide(context) {
    const p = atArrival(context.problem);
    const rows = rowCount(p);
    const home = nearestFlows(context.fleet, p);
    const ttftMs = edgeTtftMs(context.fleet, p);
    const takes = edgeTakes(context);
    const edgeRow = new Int32Array(p.edgeSite.length);
    const edgeLoad = new Float64Array(p.edgeSite.length);
    eachEdge(p, (e, r) => {
      edgeRow[e] = r;
      edgeLoad[e] = loadPerReq(p, e, r);
    });
    const decision: Decision = { flow: [], unserved: [] };
    for (let t = 0; t < p.slotCount; t++) {
      const lost = home.unserved[t] as Float64Array;
      const asked = p.demandReqPerS.subarray(t * rows, (t + 1) * rows);
      const water = { perEdge: takes[t]?.waterL as Float64Array };
      const flow = lexicographic(
        {
          edgeRow,
          edgeSite: p.edgeSite,
          edgeLoad,
          demandReqPerS: asked.map((d, r) => Math.max(0, d - (lost[r] as number))),
          maxLoad: Float64Array.from(p.sites, (s) => s.maxLoad[t] as number),
        },
        [
          { perEdge: takes[t]?.energyAud as Float64Array },
          { perEdge: takes[t]?.carbonKg as Float64Array },
          { perEdge: ttftMs },
        ],
        SLACK,
        [{ ...water, most: (1 + ROUNDING) * total(water, home.flow[t] as Float64Array) }],
      );
      const exact = filled(p, t, flow);
      decision.flow.push(exact.flow);
      decision.unserved.push(exact.unserved);
    }
    return decision;
  },
};
