import type { PublicFleet } from '../model/fleet.ts';
import { applyOverrides, ordersBetween, type SiteOrder } from '../model/overrides.ts';
import { type Moves, movesBetween } from './moves.ts';
import type { Plan, PlanHeader } from './plan.ts';
import { planView, type SlotView } from './view.ts';

/** A site or zone, where it is. */
export interface Place {
  id: string;
  name: string;
  latDeg: number;
  lonDeg: number;
  timeZone: string;
}

/** What the operator's page draws: the fleet, and what the plan that holds does hour by hour. */
export interface PlanViewBody {
  fleet: Pick<PublicFleet, 'name' | 'prices'> & {
    classes: Pick<PublicFleet['classes'][number], 'id' | 'name' | 'ttftSloMs'>[];
    zones: Place[];
    sites: (Place & { servers: number; maxUtilisation: number })[];
  };
  /** Null before the first plan. */
  version: number | null;
  /** Null where the plan does not say what its hours were. */
  slots: SlotView[] | null;
  /** Against the plan before it; null where there is none with hours in common. */
  moves: PlanMoves | null;
}

export interface PlanMoves extends Moves {
  sinceVersion: number;
  /** Those of the plan before, where this one was made at others. */
  pricesBefore: PlanHeader['impactPrices'] | null;
  orders: Record<string, SiteOrder>;
  /** Sites that the plan before did without, and those that this one does, with why. */
  outBefore: string[];
  outNow: { site: string; reason: string }[];
}

const placed = ({ id, name, latDeg, lonDeg, timeZone }: Place): Place => ({
  id,
  name,
  latDeg,
  lonDeg,
  timeZone,
});

/**
 * Of a plan, and the one before it.
 * @param referenceAudPerKwh as in receipts, for sites that do not disclose their cost
 */
export function planViewBody(
  fleet: PublicFleet,
  plan: Plan | undefined,
  last?: Plan,
  referenceAudPerKwh?: number,
): PlanViewBody {
  const body: PlanViewBody = {
    fleet: {
      name: fleet.name,
      // Those the plan was made at.
      prices: applyOverrides(fleet, plan?.header.overrides).prices,
      classes: fleet.classes.map(({ id, name, ttftSloMs }) => ({ id, name, ttftSloMs })),
      zones: fleet.zones.map(placed),
      sites: fleet.sites.map((site) => ({
        ...placed(site),
        servers: site.hardware.servers,
        maxUtilisation: site.maxUtilisation,
      })),
    },
    version: plan?.header.version ?? null,
    slots: (plan && planView(fleet, plan, referenceAudPerKwh)) ?? null,
    moves: null,
  };
  const before = last && planView(fleet, last, referenceAudPerKwh);
  const moves = before && body.slots && movesBetween(before, body.slots);
  if (plan && last && moves) {
    body.moves = {
      ...moves,
      sinceVersion: last.header.version,
      pricesBefore: pricesBefore(last.header, plan.header),
      orders: ordersBetween(last.header.overrides, plan.header.overrides),
      outBefore: last.header.excluded.map((e) => e.site),
      outNow: plan.header.excluded,
    };
  }
  return body;
}

function pricesBefore(
  { impactPrices: a }: PlanHeader,
  { impactPrices: b }: PlanHeader,
): PlanMoves['pricesBefore'] {
  const differ =
    a && b && (a.carbonAudPerT !== b.carbonAudPerT || a.waterAudPerKl !== b.waterAudPerKl);
  return differ ? a : null;
}
