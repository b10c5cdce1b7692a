import type { Coordinator, KeyLimits, SiteBoard } from './main.ts';

/** Bindings, variables and secrets of the routing Worker. */
export interface Env {
  DB: D1Database;
  COORDINATOR: DurableObjectNamespace<Coordinator>;
  KEY_LIMITS: DurableObjectNamespace<KeyLimits>;
  SITE_BOARD: DurableObjectNamespace<SiteBoard>;
  ASSETS: Fetcher;
  /** Optional: gets a data point a request. */
  ANALYTICS?: AnalyticsEngineDataset;
  /** `true`: upstreams may be plain HTTP. For local runs. */
  ALLOW_INSECURE_UPSTREAMS: string;
  /** `true`: `x-isotherm-zone` overrides the client's place. For tests. */
  ZONE_HEADER_ENABLED: string;
  /** `true`: /status.json needs no admin token. */
  PUBLIC_STATUS: string;
  /** Added to the clock, ms. For local runs on past data. */
  CLOCK_OFFSET_MS: string;
  /** How fast the clock runs, 1 to 60, from the instant CLOCK_FROM_MS on. For local runs. */
  CLOCK_RATE: string;
  /** Instant at which the clock was right but for its offset, ms. */
  CLOCK_FROM_MS: string;
  /** Made-up requests a second that a local run sends itself, mean over a day; empty where it sends none. */
  MADE_UP_REQ_PER_S?: string;
  /** JSON, site id to base URL, over the registry's. */
  UPSTREAM_OVERRIDES: string;
  /** `population`: plans are made for the registry's demand, whatever is counted. Else counts are. */
  DEMAND: string;
  /** Plans are made for so many times the demand expected of counts, 1 to 3. */
  DEMAND_MARGIN: string;
  /** `registry`: plans are made for the registry's speeds; `frozen`: no more is learned; else measured ones. */
  SPEEDS: string;
  /** The longest body of a request to a model, bytes; 8 MiB without it, 24 MiB at most. */
  MAX_BODY_BYTES?: string;
  /** How long a site may take to the first byte of a stream, ms. */
  FIRST_BYTE_DEADLINE_MS: string;
  /** How long a stream may be silent or left unread, and how long it may take in all, ms. */
  IDLE_DEADLINE_MS: string;
  STREAM_DEADLINE_MS: string;
  /** How long a site may take to an answer that is not streamed, ms. */
  COMPLETION_DEADLINE_MS: string;
  /** JSON: when a second site is asked beside a slow one, see hedging.ts; empty: never. */
  HEDGING: string;
  /** JSON: how far sessions may be steered off the plan, see steering.ts; empty: not at all. */
  STEERING: string;
  /** How long receipts are gathered before they are booked, ms. */
  RECEIPT_FLUSH_MS: string;
  /** What a kWh is taken to cost in receipts, AUD, where no site says; unset: unknown. */
  REFERENCE_AUD_PER_KWH: string;
  /** Where the coordinator is first created, e.g. `oc` for Oceania. */
  COORDINATOR_LOCATION: string;
  /** JSON of optimizer settings that differ from the defaults, e.g. {"mode":"supply"}. */
  OPTIMIZER_SETTINGS: string;
  /** Rounds a coordinator runs before it checkpoints and yields. */
  ROUNDS_PER_ALARM: string;
  /** Pause before a coordinator goes on after that, ms. */
  ALARM_PAUSE_MS: string;
  /** How long a round waits for a site's answer, ms. */
  ROUND_DEADLINE_MS: string;
  /** Secret: SHA-256 in hex of the admin token. */
  ADMIN_TOKEN_SHA256: string;
  /** Secret: SHA-256 in hex of each client key, comma-separated. */
  CLIENT_KEYS_SHA256: string;
  /** Optional secrets: keys of feeds that the registry names, see docs/feeds.md. */
  OPEN_METEO_API_KEY?: string;
  OPENELECTRICITY_API_KEY?: string;
  ELECTRICITY_MAPS_TOKEN?: string;
  WATTTIME_USERNAME?: string;
  WATTTIME_PASSWORD?: string;
  /** One a solver, see solverBindingName. */
  [solver: `SOLVER_${string}`]: Fetcher;
  /** Optional secret per site: bearer key of its server, e.g. UPSTREAM_KEY_GOLD_COAST. */
  [key: `UPSTREAM_KEY_${string}`]: string | undefined;
}

/** The system's clock: hours of plans, inputs and receipts go by it; durations do not. */
export function now(env: Env): number {
  return systemUtcMs(env, Date.now());
}

/** What the system's clock shows at an instant of true time. */
export function systemUtcMs(env: Env, wallMs: number): number {
  const fromMs = Number(env.CLOCK_FROM_MS) || 0;
  const ahead = (Number(env.CLOCK_OFFSET_MS) || 0) + (clockRate(env) - 1) * (wallMs - fromMs);
  return wallMs + ahead;
}

/** True time since an instant of the system's clock, ms. */
export function elapsedMs(env: Env, sinceUtcMs: number): number {
  return (now(env) - sinceUtcMs) / clockRate(env);
}

/** Without an instant to run from, a clock cannot run fast. */
export function clockRate(env: Env): number {
  return Number(env.CLOCK_FROM_MS) > 0 ? (optionalVar(env.CLOCK_RATE, 1, 60) ?? 1) : 1;
}

/** A whole number from a variable, within limits; the default when unset or nonsense. */
export function numberVar(
  value: string | undefined,
  fallback: number,
  low: number,
  high: number,
): number {
  const n = Number(value);
  return Number.isInteger(n) && n >= low && n <= high ? n : fallback;
}

/** A number from a variable, within limits; undefined when unset or nonsense. */
export function optionalVar(value: string | undefined, low: number, high: number) {
  const n = Number.parseFloat(value ?? '');
  return n >= low && n <= high ? n : undefined;
}

/** What the operator takes a kWh to cost, AUD; undefined where that is not said. */
export function referenceAudPerKwh(env: Env): number | undefined {
  return optionalVar(env.REFERENCE_AUD_PER_KWH, -2, 30);
}
