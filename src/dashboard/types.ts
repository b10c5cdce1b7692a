import type { RoundReport } from '../core/optimizer/state.ts';
import type { PlanHeader } from '../core/planning/plan.ts';
import type { Trouble } from '../core/routing/board.ts';
import type { UsageNow } from './savings.ts';

/** Answers of this server as the page reads them: /status.json, /events; that of /view.json is the core's. */

export interface Status {
  fleet: string;
  nowUtcMs: number;
  /** How many times as fast as true time the system's clock runs. */
  clockRate: number;
  /** Made-up requests a second, mean over a day, that a local run sends itself; null where it sends none. */
  madeUpReqPerS: number | null;
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

/** How a site's streams of about the last quarter of an hour took to the first token, ms; null without any. */
export type Ttft = StreamTimes & {
  /** Of those that a plan covered; with nobody waiting, at that plan's speeds. */
  planned: StreamTimes | null;
};

interface StreamTimes {
  streams: number;
  ttftMs: number;
  unloadedTtftMs: number;
}

/** The answer of /now.json. */
export interface Measured {
  nowUtcMs: number;
  /** In the fleet's order; null where nobody can say. */
  traffic: { site: string; attemptsPerS: number; failedPerS: number; ttft: Ttft | null }[] | null;
  /** Null where they cannot be read. */
  receipts: {
    /** When receipts were last booked; null where never or long ago. */
    bookedUtcMs: number | null;
    hour: UsageNow & { fromUtcMs: number };
    day: UsageNow & { fromUtcMs: number };
  } | null;
}
