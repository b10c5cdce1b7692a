import { z } from 'zod';
import { keyInputSchema } from '../core/accounting/keys.ts';
import { receiptOutsetSchema, receiptSchema } from '../core/accounting/receipt-view.ts';
import { pricesChangeSchema, siteChangeSchema } from '../core/model/override-input.ts';
import { planHeaderSchema, planSharesSchema } from '../core/planning/plan.ts';
import { putOffSchema } from '../core/planning/put-off.ts';
import { usageQuerySchema } from './admin-usage.ts';
import { inputsBodySchema } from './inputs-body.ts';
import { runInputSchema } from './optimize.ts';

/** What the router answers, as data: the OpenAPI document and the page of it are made from this. */
export interface Operation {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  path: string;
  summary: string;
  /** Who may: holders of a client key, of the admin token, anybody. */
  access: 'client' | 'admin' | 'open';
  body?: z.ZodType;
  query?: z.ZodObject;
  /** Request headers beyond those of every API. */
  headers?: z.ZodObject;
  /** By status; the first is what is hoped for. */
  answers: Record<number, Answer>;
}

interface Answer {
  description: string;
  type?: 'application/json' | 'text/csv' | 'text/plain' | 'text/html' | 'text/event-stream';
  schema?: z.ZodType;
  /** It may come as server-sent events instead, where they are asked for. */
  streams?: true;
  headers?: z.ZodObject;
  /** Those of the headers that are JSON, and of which schemas one. */
  jsonHeaders?: Record<string, (keyof typeof componentSchemas)[]>;
}

/** Schemas that have a name in the document. */
export const componentSchemas = {
  Receipt: receiptSchema,
  ReceiptOutset: receiptOutsetSchema,
} satisfies Record<string, z.ZodType>;

const json = (description: string, schema?: z.ZodType): Answer => ({
  description,
  type: 'application/json',
  ...(schema && { schema }),
});

const errorSchema = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
});
const adminErrorSchema = z.object({ error: z.string(), issues: z.array(z.string()).optional() });

const model = z.string().describe('A model or alias of GET /v1/models.');
const stream = z.boolean().optional();
const user = z.string().optional().describe('Requests of one user prefer one site.');
/** The gateway reads a few fields; all others pass to the site as they are. */
const generation = { model, stream, user };
const chatBody = z.looseObject({
  ...generation,
  messages: z.array(z.looseObject({ role: z.string() })),
});
const completionBody = z.looseObject({ ...generation, prompt: z.unknown() });
const responsesBody = z.looseObject({ ...generation, input: z.unknown() });
const embeddingsBody = z.looseObject({ model, user, input: z.unknown() });

const generationHeaders = z.object({
  'x-isotherm-deadline-ms': z
    .int()
    .min(1)
    .max(3_600_000)
    .optional()
    .describe('What the client gives for the whole answer; then 504 `deadline_exceeded`.'),
  'x-isotherm-hedge-ms': z
    .int()
    .min(0)
    .max(3_600_000)
    .optional()
    .describe(
      'Without a first byte of the stream for so long a second site is asked, too, where `HEDGING` allows it; 0: never.',
    ),
  'x-isotherm-session': z
    .string()
    .optional()
    .describe('Requests of one session prefer one site; absent: `user`, else the first message.'),
  'x-isotherm-wait-until': z
    .string()
    .optional()
    .describe(
      'Instant by which the answer is wanted, the same each time the client asks: a request of a class that may wait is then put off to the hour the plan has for it, by 429 `put_off` with `retry-after`. Without it every request is served at once.',
    ),
  'x-isotherm-receipt': z
    .enum(['stream'])
    .optional()
    .describe('The whole `Receipt` as the last comment of a stream: `: isotherm-receipt {…}`.'),
  'x-isotherm-zone': z
    .string()
    .optional()
    .describe('Zone of the client, where `ZONE_HEADER_ENABLED` is `true`.'),
  traceparent: z.string().optional().describe('W3C trace context; the site gets it on.'),
  'x-request-id': z.string().optional().describe('Up to 128 letters, digits and `_.:-`.'),
});

const text = z.string().optional();
const count = z.int().min(0).optional();
/** Of every answer of the data plane. */
const everyAnswer = { 'x-request-id': text.describe('The client’s own, else a new UUID.') };
const generationAnswer = z.object({
  ...everyAnswer,
  'x-isotherm-site': text.describe('The site that answered.'),
  'x-isotherm-plan': text.describe('Version of the plan, `3 stale` past its horizon, or `none`.'),
  'x-isotherm-receipt': text.describe(
    'Energy, carbon, water, cost and time to first byte, here and at the nearest site: a `Receipt`; of a stream, or an answer of over 1 MiB, what is known at its beginning, a `ReceiptOutset`.',
  ),
  'x-ratelimit-limit-requests': count.describe('Of a key with limits, a minute; so the others.'),
  'x-ratelimit-limit-tokens': count,
  'x-ratelimit-remaining-requests': count,
  'x-ratelimit-remaining-tokens': count,
  'x-ratelimit-reset-requests': text.describe('Until all are back, such as `6m0s`.'),
  'x-ratelimit-reset-tokens': text,
});

const clientErrors = {
  400: json('The request is faulty.', errorSchema),
  401: json('The key opens nothing.', errorSchema),
  403: json('The key is not for this model.', errorSchema),
  404: json('No such model.', errorSchema),
  429: json('`rate_limit_exceeded`, `insufficient_quota`, `sites_busy` or `put_off`.', errorSchema),
};

const generationErrors = {
  413: json('The body is larger than `MAX_BODY_BYTES`, 8 MiB unless set.', errorSchema),
  502: json('No site gave a usable answer: `site_fault`.', errorSchema),
  503: json(
    'No site could be reached, all are drained (`sites_drained`), or no key can be checked just now.',
    errorSchema,
  ),
  504: json('`completion_timeout` or `deadline_exceeded`; no other site was asked.', errorSchema),
};

function generationOf(path: string, summary: string, body: z.ZodType, streams?: true): Operation {
  const description =
    'As the site gives it; with `stream`, as events. `x-isotherm-receipt` says what it took.';
  return {
    method: 'post',
    path,
    summary,
    access: 'client',
    body,
    headers: generationHeaders,
    answers: {
      200: {
        ...json(description),
        ...(streams && { streams }),
        headers: generationAnswer,
        jsonHeaders: { 'x-isotherm-receipt': ['Receipt', 'ReceiptOutset'] },
      },
      ...clientErrors,
      ...generationErrors,
    },
  };
}

const adminErrors = {
  400: json('Faults, each with its path.', adminErrorSchema),
  401: json('Wrong or missing admin token.', adminErrorSchema),
};

type Given = Pick<Operation, 'summary' | 'answers'> & Partial<Operation>;

function adminOperation(method: Operation['method'], path: string, given: Given): Operation {
  const answers = { ...adminErrors, ...given.answers };
  return { ...given, method, path: `/admin/v1${path}`, access: 'admin', answers };
}

const planSchema = z.object({
  header: planHeaderSchema,
  slots: z.array(planSharesSchema),
  attributions: z.array(
    z.object({ source: z.string(), text: z.string(), licence: z.string(), url: z.string() }),
  ),
  putOff: z.array(putOffSchema).optional(),
});

export const operations: Operation[] = [
  generationOf('/v1/chat/completions', 'Chat completion, routed to a site', chatBody, true),
  generationOf('/v1/completions', 'Text completion', completionBody, true),
  generationOf('/v1/responses', 'Response', responsesBody, true),
  generationOf('/v1/embeddings', 'Embeddings', embeddingsBody),
  {
    method: 'get',
    path: '/v1/models',
    summary: 'Models this key may ask for',
    access: 'client',
    answers: {
      200: { ...json('A list as OpenAI gives it.'), headers: z.object(everyAnswer) },
      401: clientErrors[401],
    },
  },
  {
    method: 'get',
    path: '/v1/models/{id}',
    summary: 'One model',
    access: 'client',
    answers: {
      200: { ...json('The model.'), headers: z.object(everyAnswer) },
      401: clientErrors[401],
      404: clientErrors[404],
    },
  },
  adminOperation('post', '/keys', {
    summary: 'Make a client key; it is shown in this answer only',
    body: keyInputSchema,
    answers: {
      201: json('The key and what it may do; `warnings` of what a budget does not count.'),
      400: json('Faulty, or a budget in AUD that would count nothing.', adminErrorSchema),
    },
  }),
  adminOperation('get', '/keys', {
    summary: 'All client keys, without the keys themselves',
    answers: { 200: json('`keys`, oldest first.') },
  }),
  adminOperation('delete', '/keys/{id}', {
    summary: 'Revoke a client key',
    answers: { 200: json('Its id.'), 404: json('No such key.', adminErrorSchema) },
  }),
  adminOperation('get', '/usage', {
    summary: 'Receipts, summed',
    query: usageQuerySchema,
    answers: { 200: json('`usage`, a sum a group; or CSV.') },
  }),
  adminOperation('post', '/optimize', {
    summary: 'Start an optimization now, with jobs that may wait if there are any',
    body: runInputSchema,
    answers: {
      202: json('The run; the one under way, if there is one.'),
      409: json('A run is under way, and jobs were sent with the call.', adminErrorSchema),
    },
  }),
  adminOperation('get', '/runs', {
    summary: 'The latest run, and those that ended',
    answers: { 200: json('`latest` and `ended`.') },
  }),
  adminOperation('get', '/plan', {
    summary: 'The plan that holds, with the shares of every slot',
    answers: { 200: json('The plan.', planSchema), 404: json('None yet.', adminErrorSchema) },
  }),
  adminOperation('get', '/plans', {
    summary: 'Headers of the last 50 plans',
    answers: {
      200: json('`plans`, newest first.', z.object({ plans: z.array(planHeaderSchema) })),
    },
  }),
  adminOperation('get', '/prices', {
    summary: 'What one request more would cost, by slot, class and zone',
    answers: { 200: json('`slots`.'), 404: json('None yet.', adminErrorSchema) },
  }),
  adminOperation('get', '/what-if', {
    summary: 'The registry and the sites’ hours of the current plan, to try other prices on',
    answers: {
      200: json('`fleet`, `header`, `siteHours`, `demand`.'),
      404: json('None yet.', adminErrorSchema),
    },
  }),
  adminOperation('get', '/sites', {
    summary: 'Sites, their part of the plan, their solvers and inputs',
    answers: {
      200: json(
        '`sites`; `revision` of what is set over the registry, and that of the plan. `plan.speed` of a site: what its requests were measured to take, as factors over the registry’s times.',
      ),
    },
  }),
  adminOperation('patch', '/sites/{id}', {
    summary: 'Drain a site, limit what plans may load it with, or take that back',
    body: siteChangeSchema,
    answers: {
      200: json('What is set now; `warnings` of zones and classes nobody is left to serve.'),
      404: json('No such site.', adminErrorSchema),
    },
  }),
  adminOperation('get', '/objective', {
    summary: 'Prices of the objective: in force, of the registry, and set over it',
    answers: { 200: json('`prices`, `registry`, `overrides`, `revision`.') },
  }),
  adminOperation('patch', '/objective', {
    summary: 'Set prices of the objective, or take that back',
    body: pricesChangeSchema,
    answers: { 200: json('As GET /admin/v1/objective.') },
  }),
  adminOperation('get', '/changes', {
    summary: 'What operators have set: who, when and why',
    answers: { 200: json('The latest 200 `changes`, newest first.') },
  }),
  adminOperation('get', '/feeds', {
    summary: 'Live feeds of the registry, and how their latest fetches went',
    answers: { 200: json('`feeds`; a `fault` where the latest fetch failed.') },
  }),
  adminOperation('get', '/deployment', {
    summary: 'Digest of the registry, migrations that D1 has, whether there are client keys',
    answers: { 200: json('`registry`, `migrations`, `hasClientKeys`, `nowUtcMs`.') },
  }),
  adminOperation('put', '/inputs', {
    summary:
      'Hourly weather, wholesale price and carbon; a jump of the present price brings a plan',
    body: inputsBodySchema,
    answers: { 200: json('How many hours were written.') },
  }),
  {
    method: 'get',
    path: '/metrics',
    summary: 'Counters of all isolates in Prometheus’ text format',
    access: 'admin',
    answers: { 200: { description: 'Text format 0.0.4.', type: 'text/plain' } },
  },
  {
    method: 'get',
    path: '/status.json',
    summary: 'What the status page shows; open where PUBLIC_STATUS is true',
    access: 'admin',
    answers: { 200: json('Plan, sites, latest run.') },
  },
  {
    method: 'get',
    path: '/view.json',
    summary: 'The plan hour by hour beside its nearest sites; as open as /status.json',
    access: 'admin',
    answers: { 200: json('`fleet`, `version`, `slots`, `moves`.') },
  },
  {
    method: 'get',
    path: '/now.json',
    summary:
      'What happens: attempts and times at sites, sums of receipts of this hour and day; as open as /status.json',
    access: 'admin',
    answers: {
      200: json(
        '`traffic`, null where the board of sites does not answer; `receipts`, null where D1 does not.',
      ),
      503: json('Neither answered in time: `error`.'),
    },
  },
  {
    method: 'get',
    path: '/history.json',
    summary: 'The last 200 plans in brief; as open as /status.json',
    access: 'admin',
    answers: { 200: json('`plans`, newest first.') },
  },
  {
    method: 'get',
    path: '/events',
    summary: 'The status whenever it changes; as open as /status.json',
    access: 'admin',
    answers: {
      200: { description: 'Events `status`, `tick`, `unreadable`.', type: 'text/event-stream' },
    },
  },
  {
    method: 'get',
    path: '/healthz',
    summary: 'Whether the Worker runs',
    access: 'open',
    answers: { 200: { description: '`ok`', type: 'text/plain' } },
  },
  {
    method: 'get',
    path: '/openapi.json',
    summary: 'This document',
    access: 'open',
    answers: { 200: json('OpenAPI 3.1.') },
  },
  {
    method: 'get',
    path: '/docs',
    summary: 'This document as a page',
    access: 'open',
    answers: { 200: { description: 'A page without scripts.', type: 'text/html' } },
  },
];
