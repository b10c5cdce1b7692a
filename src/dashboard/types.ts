import type { PublicFleet } from '../core/model/fleet.ts';
import type { SiteOrder } from '../core/model/overrides.ts';
import type { RoundReport } from '../core/optimizer/state.ts';
import type { Moves } from '../core/planning/moves.ts';
import type { PlanHeader } from '../core/planning/plan.ts';
import type { SlotView } from '../core/planning/view.ts';
import type { Trouble } from '../core/routing/board.ts';

/** Answers of this server as the page reads them: /status.json, /events, /view.json. */

export interface Status {
  fleet: string;
  nowUtcMs: number;
  /** How many times as fast as true time the system's clock runs. */
  clockRate: number;
  plan: (PlanHeader & { slot: number; stale: boolean }) | null;
  sites: { id: string; name: string; timeZone: string; gridRegion: string }[];
  /** Sites that are not well; null where nobody can say. */
  troubles: SiteTrouble[] | null;
  staleInputs: string[];
  /** Whose data the plan's is, and under what terms; absent before the first plan. */
  attributions?: { source: string; text: string; licence: string; url: string }[];
  latestRun: Run | null;
  lastFailure: Run | null;
}

export interface SiteTrouble {
  site: string;
  kind: Trouble['kind'];
  sinceUtcMs: number;
}

export interface Run {
  runId: string;
  trigger: string;
  status: 'running' | 'published' | 'failed';
  requestedUtcMs: number;
  endedUtcMs?: number;
  gapTarget: number;
  rounds: Round[];
  planVersion?: number;
  error?: string;
}

export type Round = RoundReport & { wallMs: number; slowestMs: number; slowestSite: string };

export interface Place {
  id: string;
  name: string;
  latDeg: number;
  lonDeg: number;
  timeZone: string;
}

export interface View {
  fleet: Pick<PublicFleet, 'name' | 'prices'> & {
    classes: { id: string; name: string; ttftSloMs: number }[];
    zones: Place[];
    sites: (Place & { servers: number; maxUtilisation: number })[];
  };
  version: number | null;
  slots: SlotView[] | null;
  moves:
    | (Moves & {
        sinceVersion: number;
        orders: Record<string, SiteOrder>;
        outBefore: string[];
        outNow: { site: string; reason: string }[];
      })
    | null;
}
