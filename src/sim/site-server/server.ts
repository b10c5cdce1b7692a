import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Counters, GenerationContext } from './chat.ts';
import { generate } from './chat.ts';
import { embed } from './embeddings.ts';
import type { Fault } from './faults.ts';
import { FaultSwitch } from './faults.ts';
import { ApiError, readJson, sendError, sendJson, setRequestId } from './http.ts';
import { SiteLoad } from './load.ts';
import { answerMalformed } from './malformed.ts';
import type { Endpoint } from './request.ts';
import { createRandom, hashText } from './text.ts';
import type { SimulatedSite, SimulatedSiteOptions, SimulatedSiteStats } from './types.ts';
import { modelList } from './wire.ts';

const HOST = '127.0.0.1';
const ALLOWED_METHODS: Record<string, string[]> = {
  '/v1/chat/completions': ['POST'],
  '/v1/completions': ['POST'],
  '/v1/responses': ['POST'],
  '/v1/embeddings': ['POST'],
  '/v1/models': ['GET'],
  '/health': ['GET'],
  '/stats': ['GET'],
  '/__fault': ['GET', 'POST'],
};

const GENERATES: Record<string, Endpoint> = {
  '/v1/chat/completions': 'chat',
  '/v1/completions': 'completion',
  '/v1/responses': 'responses',
};
const MALFORMED: Fault['kind'][] = ['html', 'wrong-length', 'endless-line'];

/** One site's routes and state, apart from its listening socket. */
class Site {
  readonly faults: FaultSwitch;
  private readonly options: SimulatedSiteOptions;
  private readonly load: SiteLoad;
  private readonly context: GenerationContext;
  private sending = 0;
  private readonly startedS = Math.floor(Date.now() / 1000);
  private readonly counters: Counters = {
    received: 0,
    completed: 0,
    rejected: 0,
    faulted: 0,
    aborted: 0,
    abortedTokensSaved: 0,
    promptTokens: 0,
    completionTokens: 0,
  };

  constructor(options: SimulatedSiteOptions) {
    const { siteId, models, seed = 1, meanOutputTokens = 128, timeScale = 1 } = options;
    this.options = options;
    this.load = new SiteLoad({ ...options, timeScale });
    this.faults = new FaultSwitch(createRandom(hashText(`${seed}/${siteId}/faults`)));
    this.context = {
      siteId,
      models,
      seed,
      meanOutputTokens,
      load: this.load,
      counters: this.counters,
    };
  }

  stats(): SimulatedSiteStats {
    const { queued, peakQueued, running, peakRunning, runningPerServer } = this.load;
    return {
      siteId: this.options.siteId,
      models: [...this.options.models],
      ...this.counters,
      queued,
      peakQueued,
      running,
      peakRunning,
      runningPerServer,
      sending: this.sending,
      fault: { ...this.faults.current },
    };
  }

  async handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const path = (req.url ?? '/').split('?', 1)[0] ?? '/';
    setRequestId(req, res);
    try {
      await this.route(path, req, res);
    } catch (error) {
      // The client left while its body was being read: nobody to answer.
      if (res.destroyed || res.headersSent) {
        res.destroy();
        return;
      }
      const failure = error instanceof ApiError ? error : new ApiError(500, String(error));
      if (path.startsWith('/v1/')) this.counters.rejected += 1;
      sendError(res, failure);
    }
  }

  private async route(path: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
    const isWork = path in GENERATES || path === '/v1/embeddings';
    if (isWork && req.method === 'POST') this.counters.received += 1;
    // The control paths stay reachable, or a fault could not be taken back.
    const canFail = path.startsWith('/v1/') || path === '/health';
    const fault: Fault = canFail ? this.faults.draw() : { kind: 'none' };
    if (this.failEarly(fault, path, req, res)) return;

    const methods = ALLOWED_METHODS[path];
    if (!methods) throw new ApiError(404, `Unknown path ${path}`);
    if (!methods.includes(req.method ?? '')) {
      res.setHeader('allow', methods.join(', '));
      throw new ApiError(405, `${req.method} is not allowed on ${path}`);
    }
    if (path.startsWith('/v1/')) this.checkKey(req);

    if (path === '/v1/models') {
      sendJson(res, 200, modelList(this.options.models, this.startedS));
    } else if (path === '/health') {
      // vLLM answers with an empty 200.
      res.writeHead(200, { 'content-length': 0 }).end();
    } else if (path === '/stats') {
      sendJson(res, 200, this.stats());
    } else if (path === '/__fault') {
      if (req.method === 'POST') this.setFaultFrom(await readJson(req));
      sendJson(res, 200, this.faults.current);
    } else if (path === '/v1/embeddings') {
      const { body, promptTokens } = embed(await readJson(req), this.options.models);
      this.counters.promptTokens += promptTokens;
      this.counters.completed += 1;
      sendJson(res, 200, body);
    } else {
      await generate(this.context, GENERATES[path] as Endpoint, fault, req, res);
    }
  }

  /** Plays the faults that come before any work; true when the request is dealt with. */
  private failEarly(
    fault: Fault,
    path: string,
    req: IncomingMessage,
    res: ServerResponse,
  ): boolean {
    const status = fault.status ?? 503;
    if (MALFORMED.includes(fault.kind) && path.startsWith('/v1/')) {
      req.resume();
      this.sending += 1;
      void answerMalformed(fault, res).finally(() => {
        this.sending -= 1;
      });
    } else if (fault.kind === 'refuse') {
      res.destroy();
    } else if (fault.kind === 'hang') {
      // The upload is taken and the connection kept until the client gives up.
      req.resume();
    } else if (fault.kind === 'status' && (path !== '/health' || status >= 500)) {
      // A site that is only rate limiting still says it is healthy.
      if (fault.retryAfterS !== undefined) res.setHeader('retry-after', fault.retryAfterS);
      sendError(res, new ApiError(status, `Simulated status ${status}`, 'simulated_fault'));
    } else {
      return false;
    }
    this.counters.faulted += 1;
    return true;
  }

  private checkKey(req: IncomingMessage): void {
    const { apiKey } = this.options;
    if (apiKey === undefined || req.headers.authorization === `Bearer ${apiKey}`) return;
    throw new ApiError(401, 'Incorrect API key provided.', 'invalid_api_key');
  }

  private setFaultFrom(body: unknown): void {
    try {
      this.faults.set(body);
    } catch (error) {
      throw new ApiError(400, error instanceof Error ? error.message : String(error));
    }
  }
}

function checkOptions(options: SimulatedSiteOptions): void {
  for (const name of ['servers', 'maxBatchPerServer'] as const) {
    const value = options[name];
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`${name} must be a positive integer, got ${value}`);
    }
  }
  const { timeScale = 1 } = options;
  if (!Number.isFinite(timeScale) || timeScale < 0) {
    throw new RangeError(`timeScale must be a number from 0 up, got ${timeScale}`);
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

export async function startSimulatedSite(options: SimulatedSiteOptions): Promise<SimulatedSite> {
  checkOptions(options);
  const site = new Site(options);
  const server = createServer((req, res) => void site.handle(req, res));
  // Longer than a client pool keeps a connection, so that reuse never meets a closing socket.
  server.keepAliveTimeout = 65_000;
  const port = await listen(server, options.port ?? 0);
  return {
    siteId: options.siteId,
    baseUrl: `http://${HOST}:${port}`,
    port,
    stats: () => site.stats(),
    setFault: (fault) => site.faults.set(fault),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Open streams and hung requests would otherwise keep the server alive.
        server.closeAllConnections();
      }),
  };
}
