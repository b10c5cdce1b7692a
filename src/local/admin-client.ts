/** The few calls of the admin API that local runs make. */

export interface RunView {
  runId: string;
  status: 'running' | 'published' | 'failed';
  rounds: {
    round: number;
    mode: string;
    certificate?: { objectiveAud: number; lowerBoundAud: number; gap: number };
    missing: { site: string; reason: string }[];
    wallMs: number;
  }[];
  planVersion?: number;
  error?: string;
}

export interface PlanView {
  header: {
    version: number;
    startUtcMs: number;
    slotCount: number;
    rounds: number;
    certificate: { objectiveAud: number; lowerBoundAud: number; gap: number };
    stopReason: string;
    nearestShare: number;
    unservedShare: number;
    sites: {
      site: string;
      share: number;
      tempC: number;
      utilisation: number;
      carbonKgPerKwh: number;
    }[];
  };
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

  async latestRun(): Promise<RunView> {
    const { latest } = await this.#call<{ latest: RunView }>('GET', '/admin/v1/runs');
    return latest;
  }

  plan(): Promise<PlanView> {
    return this.#call('GET', '/admin/v1/plan');
  }

  async putInputs(source: string, hours: object[]): Promise<void> {
    await this.#call('PUT', '/admin/v1/inputs', { source, hours });
  }

  async #call<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(this.#url + path, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
    const answer = (await response.json()) as T & { error?: string };
    if (!response.ok) throw new Error(`${method} ${path}: ${answer.error ?? response.status}`);
    return answer;
  }
}
