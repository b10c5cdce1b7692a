import type { Fault } from './faults.ts';

export interface SimulatedSiteOptions {
  siteId: string;
  /** 0 or absent: any free port. Always bound to 127.0.0.1. */
  port?: number;
  /** Upstream model names the site serves. */
  models: string[];
  /** Tensor-parallel servers: the c of the G/G/c queue. */
  servers: number;
  /** Time from a free prefill slot to the first token. */
  prefillMs: (inputTokens: number) => number;
  /** Time of one decode step with this many sequences decoding on the server. */
  decodeStepMs: (batch: number) => number;
  maxBatchPerServer: number;
  /** When set, /v1/* requires `Authorization: Bearer <apiKey>`. */
  apiKey?: string;
  /** Makes text, output lengths and fault draws repeatable. */
  seed?: number;
  /** 1 = real time, 0.1 = ten times faster. */
  timeScale?: number;
  /** Mean of the drawn output length when a request names no maximum. */
  meanOutputTokens?: number;
}

export interface SimulatedSiteStats {
  siteId: string;
  models: string[];
  /** Generation requests that arrived, whatever became of them. */
  received: number;
  completed: number;
  /** Refused by the site itself: 400, 401, 404, 413. */
  rejected: number;
  /** Requests (health checks too) that a fault refused, hung, failed or cut off. */
  faulted: number;
  /** Generations whose client went away first, in the queue or while running. */
  aborted: number;
  /** Tokens those clients had asked for that were never generated. */
  abortedTokensSaved: number;
  /** Prompt tokens of all accepted requests. */
  promptTokens: number;
  /** Tokens generated, those of unfinished requests included. */
  completionTokens: number;
  queued: number;
  peakQueued: number;
  /** Sequences in prefill or decode now. */
  running: number;
  peakRunning: number;
  runningPerServer: number[];
  /** Endless lines under way. */
  sending: number;
  fault: Fault;
}

export interface SimulatedSite {
  siteId: string;
  /** `http://127.0.0.1:PORT`, without `/v1`. */
  baseUrl: string;
  port: number;
  stats(): SimulatedSiteStats;
  setFault(fault: Fault | null): void;
  close(): Promise<void>;
}
