import type { RoundReport } from '../core/optimizer/state.ts';
import type { PlanHeader } from '../core/planning/plan.ts';
import type { Trouble } from '../core/routing/board.ts';

/** Answers of this server as the page reads them: /status.json, /events; that of /view.json is the core's. */

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
