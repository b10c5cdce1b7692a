import type { Coordinator } from './main.ts';

/** Bindings, variables and secrets of the routing Worker. */
export interface Env {
  DB: D1Database;
  COORDINATOR: DurableObjectNamespace<Coordinator>;
  ASSETS: Fetcher;
  ALLOW_INSECURE_UPSTREAMS: string;
  ZONE_HEADER_ENABLED: string;
  CLOCK_OFFSET_MS: string;
  UPSTREAM_OVERRIDES: string;
  ADMIN_TOKEN_SHA256: string;
  CLIENT_KEYS_SHA256: string;
  /** One per site, see solverBindingName. */
  [solver: `SOLVER_${string}`]: Fetcher;
}
