import type { KeyInput, KeyView } from '../core/accounting/keys.ts';
import type { SiteChange } from '../core/model/override-input.ts';
import type { SiteOverride } from '../core/model/overrides.ts';
import type { MeasuredSpeed } from '../core/model/speed.ts';
import type { RoundReport, RoundTiming } from '../core/optimizer/state.ts';
import type { TraceRound } from '../core/planning/plan.ts';
import { networkFault } from './network-fault.ts';

/** The few calls of the admin API that the command line makes. */

export interface RunView {
  runId: string;
  trigger: string;
  status: 'running' | 'published' | 'failed';
  requestedUtcMs: number;
  endedUtcMs?: number;
  rounds: (RoundReport & RoundTiming & { sentBytes: number; receivedBytes: number })[];
  planVersion?: number;
  error?: string;
}

export interface PlanView {
  header: {
    version: number;
    startUtcMs: number;
    slotCount: number;
    rounds: number;
    trace?: TraceRound[];
    certificate: { objectiveAud: number; lowerBoundAud: number; gap: number };
    stopReason: string;
    nearestShare: number;
    unservedShare: number;
    impactPrices?: { carbonAudPerT: number; waterAudPerKl: number };
    sites: {
      site: string;
      share: number;
      tempC: number;
      utilisation: number;
      carbonKgPerKwh: number;
    }[];
  };
}

/** A site as operators see it. */
export interface SiteStateView {
  id: string;
  state: 'active' | 'drained';
  override: SiteOverride | null;
  isDown: boolean | null;
  /** Null before the first plan. */
  plan: { share: number; utilisation: number; speed?: MeasuredSpeed } | null;
}

export interface SiteChangeView {
  site: string;
  state: 'active' | 'drained';
  override: SiteOverride | null;
  warnings: string[];
}

export class AdminClient {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  optimize(): Promise<RunView> {
    return this.#call('POST', '/admin/v1/optimize', {});
  }

  /** The latest, running or ended, with all its rounds; and the last that ended, newest first. */
  runs(): Promise<{ latest?: RunView; ended: RunView[] }> {
    return this.#call('GET', '/admin/v1/runs');
  }

  async latestRun(): Promise<RunView> {
    return (await this.runs()).latest as RunView;
  }

  /** Headers of the last plans, newest first. */
  async plans(): Promise<PlanView['header'][]> {
    return (await this.#call<{ plans: PlanView['header'][] }>('GET', '/admin/v1/plans')).plans;
  }

  plan(): Promise<PlanView> {
    return this.#call('GET', '/admin/v1/plan');
  }

  async putInputs(source: string, hours: object[]): Promise<void> {
    await this.#call('PUT', '/admin/v1/inputs', { source, hours });
  }

  createKey(input: KeyInput): Promise<KeyView & { key: string; warnings?: string[] }> {
    return this.#call('POST', '/admin/v1/keys', input);
  }

  async keys(): Promise<KeyView[]> {
    return (await this.#call<{ keys: KeyView[] }>('GET', '/admin/v1/keys')).keys;
  }

  async revokeKey(id: string): Promise<void> {
    await this.#call('DELETE', `/admin/v1/keys/${encodeURIComponent(id)}`);
  }

  async sites(): Promise<SiteStateView[]> {
    return (await this.#call<{ sites: SiteStateView[] }>('GET', '/admin/v1/sites')).sites;
  }

  setSite(id: string, change: SiteChange): Promise<SiteChangeView> {
    return this.#call('PATCH', `/admin/v1/sites/${encodeURIComponent(id)}`, change);
  }

  /** Sums of receipts, as they are sent: JSON or CSV. */
  async usage(query: URLSearchParams): Promise<string> {
    const path = `/admin/v1/usage?${query}`;
    const response = await this.#send('GET', path);
    const text = await response.text();
    if (!response.ok) throw new Error(`GET ${path}: ${errorIn(text) ?? response.status}`);
    return text;
  }

  async #call<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await this.#send(method, path, body);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${errorIn(text) ?? response.status}`);
    try {
      return JSON.parse(text) as T;
    } catch {
      throw new Error(`${method} ${path}: the answer is no JSON; is ${this.#url} a router’s root?`);
    }
  }

  async #send(method: string, path: string, body?: object): Promise<Response> {
    try {
      return await fetch(this.#url + path, {
        method,
        headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
        body: body && JSON.stringify(body),
      });
    } catch (error) {
      const { found, fix } = networkFault(error, this.#url);
      throw new Error(`${method} ${path}: ${found}: ${fix}`);
    }
  }
}

/** What an error answer says; undefined for one that is not the API's. */
function errorIn(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { error?: string }).error;
  } catch {
    return undefined;
  }
}
