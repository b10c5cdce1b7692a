import type { PublicFleet } from '../core/model/fleet.ts';
import { applyOverrides, ordersBetween, type SiteOrder } from '../core/model/overrides.ts';
import { type Moves, movesBetween } from '../core/planning/moves.ts';
import type { Plan } from '../core/planning/plan.ts';
import { planView, type SlotView } from '../core/planning/view.ts';
import { currentVersion, readPlan } from '../store/plans.ts';
import { type Env, referenceAudPerKwh } from './env.ts';
import { fleet } from './fleet.ts';

/** What the operator's page draws: the fleet, and what the plan that holds does hour by hour. */
export interface PlanViewBody {
  fleet: Pick<PublicFleet, 'name' | 'prices'> & {
    classes: Pick<PublicFleet['classes'][number], 'id' | 'name' | 'ttftSloMs'>[];
    zones: Placed[];
    sites: (Placed & { servers: number; maxUtilisation: number })[];
  };
  /** Null before the first plan. */
  version: number | null;
  /** Null where the plan does not say what its hours were. */
  slots: SlotView[] | null;
  /** Against the plan before it; null where there is none with hours in common. */
  moves:
    | (Moves & {
        sinceVersion: number;
        orders: Record<string, SiteOrder>;
        /** Sites that the plan before did without, and those that this one does, with why. */
        outBefore: string[];
        outNow: { site: string; reason: string }[];
      })
    | null;
}

interface Placed {
  id: string;
  name: string;
  latDeg: number;
  lonDeg: number;
  timeZone: string;
}

const placed = ({ id, name, latDeg, lonDeg, timeZone }: Placed): Placed => ({
  id,
  name,
  latDeg,
  lonDeg,
  timeZone,
});

const registryBody: PlanViewBody['fleet'] = {
  name: fleet.name,
  prices: fleet.prices,
  classes: fleet.classes.map(({ id, name, ttftSloMs }) => ({ id, name, ttftSloMs })),
  zones: fleet.zones.map(placed),
  sites: fleet.sites.map((site) => ({
    ...placed(site),
    servers: site.hardware.servers,
    maxUtilisation: site.maxUtilisation,
  })),
};

/** Plans never change, so what is made of one is kept. */
let kept: PlanViewBody | undefined;

export async function view(env: Env): Promise<PlanViewBody> {
  const version = await currentVersion(env.DB);
  if (version === undefined)
    return { fleet: registryBody, version: null, slots: null, moves: null };
  if (kept?.version === version) return kept;
  const [plan, last] = [await readPlan(env.DB, version), await readPlan(env.DB, version - 1)];
  const slotsOf = (of: Plan | undefined) => of && planView(fleet, of, referenceAudPerKwh(env));
  const [slots, before] = [slotsOf(plan), slotsOf(last)];
  const moves = slots && before && movesBetween(before, slots);
  // At the prices the plan was made at.
  const { prices } = applyOverrides(fleet, plan?.header.overrides);
  kept = {
    fleet: { ...registryBody, prices },
    version,
    slots: slots ?? null,
    moves: moves
      ? {
          ...moves,
          sinceVersion: version - 1,
          orders: ordersBetween(last?.header.overrides, plan?.header.overrides),
          outBefore: last?.header.excluded.map((e) => e.site) ?? [],
          outNow: plan?.header.excluded ?? [],
        }
      : null,
  };
  return kept;
}
