import type { SiteMove } from '../core/planning/moves.ts';
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
  return why(move);
}

function why(move: SiteMove): string {
  const { beforeAudPerRequest: a, afterAudPerRequest: b } = move;
  if (a === null || b === null) return 'the site does not tell its costs';
  const share = (b - a) / Math.abs(a);
  if (!Number.isFinite(share) || Math.abs(share) < 1e-4) {
    const takes = move.afterReqPerS > move.beforeReqPerS;
    return `its cost stood still: it ${takes ? 'takes what others give' : 'gives to others'}`;
  }
  return `${fixed(100 * Math.abs(share), 2)} % ${share > 0 ? 'dearer' : 'cheaper'} there`;
}
