import type { PlanViewBody } from '../core/planning/plan-view.ts';
import { EventReader, type ServerEvent } from './events.ts';
import { keepToken, readToken } from './token.ts';
import type { Status } from './types.ts';

/** Without a sign of life for this long a connection is given up; the server sends one every 10 s. */
const SILENCE_MS = 25_000;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;

export interface LiveState {
  /** `locked`: the server wants a token. */
  phase: 'pending' | 'locked' | 'open';
  /** The token given last was not the right one. */
  isRejected: boolean;
  hasToken: boolean;
  isConnected: boolean;
  /** Why there is no connection, or no status by it. */
  fault?: string;
  status?: Status;
  view?: PlanViewBody;
  /** When the server was last heard, by this machine's clock. */
  heardMs?: number;
  /** The system's clock less this machine's, when the server was last heard. */
  clockAheadMs: number;
  /** How many times as fast it runs. */
  clockRate: number;
}

/** Asks this server for a path, with the admin token if there is one. */
export type Ask = (
  path: string,
  init?: { method?: string; body?: string; signal?: AbortSignal },
) => Promise<Response>;

/** Keeps the status and what the plan does, by a stream of events that is opened again when it ends. */
export class Live {
  state: LiveState;
  readonly #onChange: () => void;
  #token = readToken();
  #connection = new AbortController();
  #viewAsked = 0;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
    this.state = {
      phase: 'pending',
      isRejected: false,
      hasToken: this.#token !== '',
      isConnected: false,
      clockAheadMs: 0,
      clockRate: 1,
    };
  }

  /** Asks this server under the token there is. */
  readonly ask: Ask = async (path, init = {}) => {
    const token = this.#token;
    const response = await fetch(path, {
      ...init,
      headers: {
        ...(token && { authorization: `Bearer ${token}` }),
        ...(init.body ? { 'content-type': 'application/json' } : {}),
      },
      cache: 'no-store',
    });
    // Where the status is open to all, only the admin API tells that the token holds no longer.
    const isRefused = response.status === 401 && path.startsWith('/admin/');
    if (isRefused && token !== '' && token === this.#token) {
      this.#token = '';
      keepToken('');
      this.#set({ hasToken: false, isRejected: true });
    }
    return response;
  };

  /** Begins, or begins anew with another token; '' forgets it. */
  start(token = this.#token): void {
    this.#token = token;
    keepToken(token);
    this.#connection.abort();
    this.#connection = new AbortController();
    this.#set({ hasToken: token !== '', isRejected: false });
    void this.#run(this.#connection.signal);
  }

  stop(): void {
    this.#connection.abort();
  }

  /** Connects at once where a pause is under way: the tab is looked at again, or the network is back. */
  hasten(): void {
    if (!this.state.isConnected && this.state.phase !== 'locked') this.start();
  }

  async #run(ended: AbortSignal): Promise<void> {
    for (let failures = 0; !ended.aborted; ) {
      try {
        if (!(await this.#listen(ended))) return;
        failures = 0;
      } catch (error) {
        if (ended.aborted) return;
        this.#set({ isConnected: false, fault: reasonOf(error as Error) });
        failures++;
      }
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** Math.max(0, failures - 1), LONGEST_PAUSE_MS);
      // Also after a stream that ended well: one that a proxy cuts short must not be asked for without end.
      await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.75 + Math.random() / 2)));
    }
  }

  /** Reads one stream to its end. False if the server wants another token. */
  async #listen(ended: AbortSignal): Promise<boolean> {
    const silence = new AbortController();
    const watch = () => setTimeout(() => silence.abort(new Error('no sign of life')), SILENCE_MS);
    let timer = watch();
    try {
      const signal = AbortSignal.any([ended, silence.signal]);
      const response = await this.ask('/events', { signal });
      if (response.status === 401) {
        this.#lock();
        return false;
      }
      if (!response.ok || !response.body) throw new Error(`HTTP status ${response.status}`);
      const reader = new EventReader();
      const body = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await body.read();
        if (done || ended.aborted) return true;
        clearTimeout(timer);
        timer = watch();
        for (const event of reader.push(value)) this.#take(event);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #take({ name, data }: ServerEvent): void {
    const body = JSON.parse(data) as Status;
    const heardMs = Date.now();
    if (name === 'unreadable') {
      this.#set({ isConnected: true, fault: 'the server cannot read it' });
      return;
    }
    const heard = { isConnected: true, heardMs, clockAheadMs: body.nowUtcMs - heardMs };
    if (name === 'tick') this.#set(heard);
    if (name !== 'status') return;
    const { clockRate } = body;
    this.#set({ ...heard, clockRate, phase: 'open', fault: undefined, status: body });
    const { view } = this.state;
    if (!view || view.version !== (body.plan?.version ?? null)) void this.#readView();
  }

  async #readView(): Promise<void> {
    const asked = ++this.#viewAsked;
    try {
      const response = await this.ask('/view.json');
      if (!response.ok) throw new Error(`HTTP status ${response.status}`);
      const view = (await response.json()) as PlanViewBody;
      if (asked === this.#viewAsked) this.#set({ view });
    } catch (error) {
      if (asked === this.#viewAsked) this.#set({ fault: reasonOf(error as Error) });
    }
  }

  #lock(): void {
    const isRejected = this.#token !== '';
    this.#token = '';
    keepToken('');
    this.#set({
      phase: 'locked',
      isRejected,
      hasToken: false,
      isConnected: false,
      status: undefined,
      view: undefined,
    });
  }

  #set(change: Partial<LiveState>): void {
    this.state = { ...this.state, ...change };
    this.#onChange();
  }
}

/** What the system's clock shows now. */
export function systemMs({ heardMs, clockAheadMs, clockRate }: LiveState, nowMs: number): number {
  return nowMs + clockAheadMs + (clockRate - 1) * (nowMs - (heardMs ?? nowMs));
}

/** A failed request in plain words: browsers say different things where there is no connection. */
export function reasonOf(error: Error): string {
  if (error.name === 'TimeoutError') return 'no answer in time';
  return error.name === 'TypeError' ? 'no connection' : error.message;
}
