import { Hono } from 'hono';
import { eligibleSites } from '../core/model/eligibility.ts';
import { type PlanHeader, slotAt, speedsOf } from '../core/planning/plan.ts';
import { candidateSites } from '../core/routing/candidates.ts';
import { continueTrace } from '../core/routing/trace-context.ts';
import { servedAtMs } from '../core/routing/waiting.ts';
import { authorize, type Caller, isAllowed } from './account.ts';
import { type Answer, labelled } from './answers.ts';
import { type Asked, readAsked } from './asked.ts';
import { type Endpoint, endpoints } from './endpoints.ts';
import { type Env, now, numberVar } from './env.ts';
import { fleet } from './fleet.ts';
import { Forwarding, type Limits } from './forward.ts';
import { exchangeHealth } from './health-exchange.ts';
import { hedgeAfterMs } from './hedging.ts';
import { classOfModel, models, unknownModel } from './models.ts';
import { openAiError, Rejection } from './openai-error.ts';
import type { OutcomeKind, RequestOutcome } from './outcome.ts';
import { overlay } from './overlay.ts';
import { PlanHolder } from './plan-holder.ts';
import { drain } from './read-body.ts';
import { RequestAccount } from './request-account.ts';
import { requestIdOf } from './request-id.ts';
import { health, retryBudget } from './site-health.ts';
import { siteOrder } from './steering.ts';
import { unrouted } from './unrouted.ts';

const holder = new PlanHolder();

interface Variables {
  caller: Caller;
}

/** The OpenAI-compatible API: what an application developer points an SDK at. */
export const dataPlane = new Hono<{ Bindings: Env; Variables: Variables }>();

dataPlane.use('*', async (c, next) => {
  const startedUtcMs = Date.now();
  const ctx = c.executionCtx as ExecutionContext;
  const caller = await authorize(c.req.raw, c.env, ctx);
  let keyId: string | undefined;
  if (caller instanceof Response) c.res = caller;
  else {
    keyId = caller.keyId;
    c.set('caller', caller);
    await next();
  }
  const endpoint = isModels(c.req.path) ? 'models' : 'unknown';
  const about = { request: c.req.raw, endpoint, startedUtcMs, keyId };
  await unrouted(about, c.res, c.env, ctx);
});

dataPlane.get('/models', (c) => {
  const data = models.filter((m) => mayHave(c.get('caller'), m.id));
  return c.json({ object: 'list', data });
});

// Names of models may contain slashes.
dataPlane.get('/models/:id{.+}', (c) => {
  const id = c.req.param('id');
  const model = models.find((m) => m.id === id && mayHave(c.get('caller'), id));
  return model ? c.json(model) : rejection(unknownModel(id));
});

dataPlane.all('*', (c) => {
  const allow = allowedAt(c.req.path);
  if (allow === undefined) return unknownUrl(c.req.raw);
  const message = `${c.req.method} is not for ${c.req.path}; expected ${allow}.`;
  return openAiError(405, message, { code: 'method_not_allowed', headers: { allow } });
});

/** The method of a path there is; undefined where there is none. */
function allowedAt(path: string): string | undefined {
  if (endpointsByPath.has(path)) return 'POST';
  return isModels(path) ? 'GET' : undefined;
}

const isModels = (path: string) => /^\/v1\/models(\/|$)/.test(path);

function unknownUrl({ method, url }: Request): Response {
  const message = `Unknown request URL: ${method} ${new URL(url).pathname}.`;
  return openAiError(404, message, { code: 'unknown_url' });
}

function mayHave(caller: Caller, model: string): boolean {
  return isAllowed(caller, model, fleet.classes[classOfModel(model)]?.id ?? '');
}

const endpointsByPath = new Map(endpoints.map((e) => [`/v1/${e.name}`, e]));

/** What a request is routed as; undefined where it is none to be routed. */
export function routedAs({ method, url }: Request): Endpoint | undefined {
  if (method !== 'POST') return undefined;
  const path = url.indexOf('/', url.indexOf('//') + 2);
  const query = url.indexOf('?', path);
  return endpointsByPath.get(query < 0 ? url.slice(path) : url.slice(path, query));
}

/** A request to be routed. It does not go through hono, which takes longer than all of its ranking. */
export async function answer(
  request: Request,
  env: Env,
  ctx: ExecutionContext,
  endpoint: Endpoint,
): Promise<Response> {
  const startedUtcMs = Date.now();
  const caller = await authorize(request, env, ctx);
  if (caller instanceof Response) {
    return unrouted({ request, endpoint: endpoint.name, startedUtcMs }, caller, env, ctx);
  }
  return route({ request, endpoint, startedUtcMs, caller }, env, ctx);
}

/** One request, from its headers to the record of what came of it. */
async function route(
  {
    request,
    endpoint,
    startedUtcMs,
    caller,
  }: { request: Request; endpoint: Endpoint; startedUtcMs: number; caller: Caller },
  env: Env,
  ctx: ExecutionContext,
): Promise<Response> {
  const { headers } = request;
  const uuid = crypto.randomUUID();
  const trace = continueTrace(headers.get('traceparent'), headers.get('tracestate'), uuid);
  const requestId = requestIdOf(request) ?? uuid;
  retryBudget.deposit();
  exchangeHealth(env, ctx);
  const wanted = overlay.current(env.DB, ctx);
  let asked: Asked | undefined;
  let planVersion: number | undefined;
  const account = new RequestAccount(caller, { requestId, headers, startedUtcMs }, env, ctx);
  let planLabel: string | undefined;
  const leaving = watchClient(request);
  const answered = async (): Promise<Answer> => {
    const understood = await readAsked(request, endpoint, env);
    asked = understood;
    const { cls, classIndex, zone, streams, session, body } = understood;
    const demand = { endpoint: endpoint.name, cls, classIndex, zone, streams, body };
    const refused = await account.admit(demand);
    if (refused) return notAsked(refused);

    const nowMs = now(env);
    const plan = await holder.current(env.DB, ctx);
    const at = plan && slotAt(plan.header, nowMs);
    planVersion = plan?.header.version;
    account.routedBy(planVersion, at && !at.stale ? plan.siteHours?.[at.slot] : undefined);
    planLabel = plan ? `${plan.header.version}${at?.stale ? ' stale' : ''}` : 'none';
    const shares = at && plan.slots[at.slot];
    const { waitUntilMs, text } = understood;
    const servedMs =
      at && !at.stale && waitUntilMs !== undefined
        ? servedAtMs(plan, cls, zone.id, { waitUntilMs, text }, nowMs)
        : undefined;
    if (servedMs !== undefined) return notAsked(putOff(servedMs, nowMs), 'put_off');
    const inForce = await wanted;
    const ranked = candidateSites(inForce, zone, classIndex, shares, session, nowMs);
    if (ranked.length === 0 && eligibleSites(fleet, zone, classIndex).length > 0) {
      return notAsked(allDrained());
    }
    const place = { shares, inForce, utcMs: nowMs };
    const order = siteOrder(ranked, understood, place, env.STEERING);
    if (order.length === 0 && ranked.length > 0) return notAsked(allBusy(ranked));

    const question = {
      env,
      path: `/v1/${endpoint.name}`,
      accept: headers.get('accept') ?? '*/*',
      streams,
      requestId,
      trace,
    };
    const sent = {
      ...understood,
      text: account.textFor(understood.text),
      ...(plan && !at?.stale && { speeds: speedsOfPlan(plan.header) }),
    };
    const forwarding = new Forwarding(
      sent,
      question,
      limitsOf(understood, env),
      account,
      caller.keyId,
    );
    leaving.told = forwarding;
    if (request.signal.aborted) forwarding.clientGone();
    return forwarding.run(order);
  };
  const answering = answered().catch(async (error) => {
    await drain(request);
    return failed(error, request);
  });
  // From here on, since a client that leaves ends all that nobody waits for.
  ctx.waitUntil(
    answering.then(async (answer) => {
      const end = await answer.end;
      leaving.told = undefined;
      const outcome: RequestOutcome = {
        requestId,
        traceId: trace.traceId,
        endpoint: endpoint.name,
        classId: asked?.cls.id,
        zone: asked?.zone.id,
        planVersion,
        site: answer.site,
        // A client that left in mid-answer has its status, but saw no end.
        status: end.outcome === 'client_closed' ? 499 : answer.response.status,
        outcome: end.outcome,
        code: end.code,
        streamed: asked?.streams ?? false,
        startedUtcMs,
        ttftMs: answer.ttftMs,
        durationMs: Date.now() - startedUtcMs,
        answerBytes: end.answerBytes,
        attempts: answer.attempts,
      };
      await account.settle(outcome);
    }),
  );
  const { response, site } = await answering;
  const labels: Record<string, string> = { 'x-request-id': requestId };
  if (site !== undefined) labels['x-isotherm-site'] = site;
  if (planLabel !== undefined) labels['x-isotherm-plan'] = planLabel;
  account.label(labels);
  return labelled(response, labels);
}

/** An answer for which no site was asked. */
function notAsked(response: Response, outcome: OutcomeKind = 'rejected'): Answer {
  const code = response.headers.get('x-isotherm-error') ?? undefined;
  return { response, attempts: [], end: { outcome, code, answerBytes: 0 } };
}

function failed(error: unknown, request: Request): Answer {
  if (error instanceof Rejection) return notAsked(rejection(error));
  // A body that ends early is a client that left.
  if (request.signal.aborted) return notAsked(new Response(null, { status: 499 }), 'client_closed');
  // Whatever it is, the client gets an answer it can read, and the log has a line.
  console.error(`a request failed in the router: ${(error as Error)?.stack ?? error}`);
  const message = 'The router failed on this request.';
  return notAsked(openAiError(500, message, { code: 'internal_error' }));
}

function rejection({ status, message, code, param }: Rejection): Response {
  return openAiError(status, message, { code, param });
}

/** The client lets it wait, and the plan wants it later. SDKs must not try until then. */
function putOff(servedMs: number, nowMs: number): Response {
  const waitS = Math.max(1, Math.ceil((servedMs - nowMs) / 1000));
  const headers = {
    'retry-after': String(waitS),
    'x-should-retry': 'false',
    'x-isotherm-come-back': new Date(nowMs + waitS * 1000).toISOString(),
  };
  const message = `This may wait, and is served best in ${waitS} s: come back then.`;
  return openAiError(429, message, { code: 'put_off', headers });
}

/** Operators have taken every site that may serve this out of use. */
function allDrained(): Response {
  const message = 'All sites that may serve this zone and model are drained.';
  return openAiError(503, message, { code: 'sites_drained' });
}

/** Every site that may serve this has asked not to be asked yet. */
function allBusy(sites: readonly string[]): Response {
  const soonestMs = Math.min(...sites.map((s) => health.retryAtMs(s)));
  const waitS = Math.max(1, Math.ceil((soonestMs - Date.now()) / 1000));
  const message = `All sites are busy; come back in ${waitS} s.`;
  const headers = { 'retry-after': String(waitS) };
  return openAiError(429, message, { code: 'sites_busy', headers });
}

function limitsOf(asked: Asked, env: Env): Limits {
  const wholeMs = asked.streams
    ? numberVar(env.STREAM_DEADLINE_MS, 3_600_000, 10, 86_400_000)
    : numberVar(env.COMPLETION_DEADLINE_MS, 600_000, 10, 3_600_000);
  return {
    firstByteMs: numberVar(env.FIRST_BYTE_DEADLINE_MS, 30_000, 10, 600_000),
    idleMs: numberVar(env.IDLE_DEADLINE_MS, 60_000, 10, 600_000),
    wholeMs,
    deadlineAtMs: Date.now() + Math.min(wholeMs, asked.deadlineMs ?? wholeMs),
    isClients: asked.deadlineMs !== undefined && asked.deadlineMs < wholeMs,
    hedgeAfterMs: hedgeAfterMs(asked, env.HEDGING),
  };
}

/**
 * Who is told when the client leaves. The runtime keeps a listener, and all that its function can see,
 * until long after the request: so it sees no more than this.
 */
function watchClient({ signal }: Request): { told?: Forwarding } {
  const leaving: { told?: Forwarding } = {};
  signal.addEventListener('abort', () => leaving.told?.clientGone(), { once: true });
  return leaving;
}

/** Plans never change, so what is made of one is kept. */
const speedsByPlan = new WeakMap<PlanHeader, ReturnType<typeof speedsOf>>();

function speedsOfPlan(header: PlanHeader): ReturnType<typeof speedsOf> {
  let speeds = speedsByPlan.get(header);
  if (speeds === undefined) {
    speeds = speedsOf(header);
    speedsByPlan.set(header, speeds);
  }
  return speeds;
}
