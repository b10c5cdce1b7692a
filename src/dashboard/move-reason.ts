import type { Moves, SiteMove } from '../core/planning/moves.ts';
import type { PlanViewBody } from '../core/planning/plan-view.ts';
import { fixed } from './format.ts';

/** What was done to a site or befell it, else what its costs say. */
export function reasonFor(
  site: string,
  move: SiteMove,
  moves: NonNullable<PlanViewBody['moves']>,
): string {
  const order = moves.orders[site];
  if (order) return order;
  const out = moves.outNow.find((e) => e.site === site);
  if (out) return `left out: ${out.reason}`;
  if (moves.outBefore.includes(site)) return 'was left out, and is planned with again';
  return why(move, demandChange(moves));
}

/** Demand that changed by less than this share explains nothing. */
const SMALLEST_CHANGE = 0.005;

/** Requests of all sites together, req/s; undefined where they are as good as the same. */
export function demandChange({
  sites,
}: Pick<Moves, 'sites'>): { before: number; after: number } | undefined {
  const before = sites.reduce((sum, s) => sum + s.beforeReqPerS, 0);
  const after = sites.reduce((sum, s) => sum + s.afterReqPerS, 0);
  return Math.abs(after - before) > SMALLEST_CHANGE * before ? { before, after } : undefined;
}

function why(move: SiteMove, demand: ReturnType<typeof demandChange>): string {
  const { beforeAudPerRequest: a, afterAudPerRequest: b } = move;
  if (a === null || b === null) return 'the site does not tell its costs';
  const takes = move.afterReqPerS > move.beforeReqPerS;
  const withDemand = demand && takes === demand.after > demand.before;
  const demandWords = `${takes ? 'more' : 'fewer'} requests come in all`;
  const share = (b - a) / Math.abs(a);
  if (!Number.isFinite(share) || Math.abs(share) < 1e-4) {
    if (withDemand) return `its cost stood still: ${demandWords}`;
    return `its cost stood still: it ${takes ? 'takes what others give' : 'gives to others'}`;
  }
  const isDearer = share > 0;
  const words = `${fixed(100 * Math.abs(share), 2)} % ${isDearer ? 'dearer' : 'cheaper'} there`;
  if (isDearer !== takes) return words;
  const rather = `other sites got ${isDearer ? 'dearer still, or have less room' : 'cheaper still, or have more room'}`;
  return `${words}, but ${withDemand ? demandWords : rather}`;
}
