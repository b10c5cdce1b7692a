import { z } from 'zod';
import type { FastSite } from '../core/learning/power.ts';
import { InvalidInputError, parseInput } from '../core/model/errors.ts';
import { type RequestClass, type Site, siteSchema } from '../core/model/fleet.ts';
import { requestClassSchema } from '../core/model/request-class.ts';
import { siteVariableName } from '../core/model/solver-name.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import { decodeBatch, encodeBatch } from '../core/optimizer/batch.ts';
import { MAX_PACKET_BYTES } from '../core/optimizer/packet.ts';
import { answerQuery } from '../core/optimizer/site-subproblem.ts';
import { assembleSite } from '../core/planning/assemble.ts';
import {
  decodeQuery,
  encodeAnswer,
  encodeFault,
  type RoundQuery,
} from '../core/planning/round-wire.ts';
import type { PlantStates } from './plant-states.ts';
import { readBody } from './read-body.ts';

export { PlantStates } from './plant-states.ts';

/**
 * The solver of a site, or of several that an operator runs in one place: a Worker of its own, placed
 * next to them, and the only one that holds their cost data. A round's query carries everything else,
 * but the state of plants that report one (plant-states.ts). It is a `fetch` handler, since only those are placed, and reached through a service
 * binding alone.
 */
interface SolverEnv {
  /** JSON: the fleet's request classes. */
  CLASSES: string;
  /** Bound where a site has `plantStateUrl`. */
  PLANT_STATES?: DurableObjectNamespace<PlantStates>;
  /** JSON, one a site, see siteVariableName: {schemaVersion: 1, site: the site's registry entry}. */
  [site: `SITE_${string}`]: string | undefined;
}

const siteVarSchema = z.strictObject({ schemaVersion: z.literal(1), site: siteSchema });
const classesSchema = z.array(requestClassSchema);

/** Variables as read, by their text: they change with a deployment only. */
const read = new Map<string, unknown>();

function readVariable<S extends z.ZodType>(schema: S, name: string, text: string): z.output<S> {
  if (!read.has(text)) {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      // The parser's own words quote the text, which is the site's alone.
      throw new InvalidInputError(`variable ${name}`, ['is not JSON']);
    }
    read.set(text, parseInput(schema, value, `variable ${name}`));
  }
  return read.get(text) as z.output<S>;
}

function siteOf(env: SolverEnv, id: string): Site {
  const name = siteVariableName(id);
  const text = env[name];
  if (text === undefined) {
    throw new InvalidInputError('round query', [
      `is for site "${id}", which is not of this solver`,
    ]);
  }
  const { site } = readVariable(siteVarSchema, name, text);
  if (site.id === id) return site;
  throw new InvalidInputError(`variable ${name}`, [`holds site "${site.id}", expected "${id}"`]);
}

async function answer(bytes: Uint8Array, env: SolverEnv): Promise<Uint8Array> {
  const classes: RequestClass[] = readVariable(classesSchema, 'CLASSES', env.CLASSES);
  const q = decodeQuery(bytes, classes.length);
  const site = siteOf(env, q.site);
  const s = q.surroundings;
  const conditions = (t: number) => ({
    utcMs: q.startUtcMs + t * q.slotHours * MS_PER_HOUR,
    tempC: s.tempC[t] as number,
    rhPct: s.rhPct[t] as number,
    spotAudPerMwh: s.spotAudPerMwh[t] as number,
    carbonKgPerKwh: s.carbonKgPerKwh[t] as number,
    gridWaterLPerKwh: s.gridWaterLPerKwh[t] as number,
  });
  const asked = site.cost.plantStateUrl !== undefined;
  const asFast = q.speed ? { ...site, speed: q.speed } : site;
  const state = asked ? await plantState(env, asFast, q) : undefined;
  const problem = assembleSite(asFast, classes, q.prices, q, conditions, state);
  const source = asked ? (state ? 'reported' : 'configured') : undefined;
  return encodeAnswer(q.runId, site.id, answerQuery(problem, q.query), source);
}

/** Where it cannot be had the round goes without the site, rather than with another state than before. */
function plantState(env: SolverEnv, site: FastSite, { runId, startUtcMs, served }: RoundQuery) {
  const states = env.PLANT_STATES;
  if (!states) throw new InvalidInputError('binding PLANT_STATES', ['missing']);
  return states.getByName(site.id).stateOf(site, runId, startUtcMs, served);
}

/** A site that cannot be answered for says why in its place; the others' answers stand. */
async function answerOrFault(bytes: Uint8Array, env: SolverEnv): Promise<Uint8Array> {
  try {
    return await answer(bytes, env);
  } catch (error) {
    if (error instanceof InvalidInputError) return encodeFault(error.message);
    console.error(error);
    return encodeFault('the solver failed, see its log');
  }
}

/** Tells the coordinator where this ran: Cloudflare says it in the request, to the Worker alone. */
function placed(request: Request, response: Response): Response {
  const placement = request.headers.get('cf-placement');
  if (placement !== null) response.headers.set('cf-placement', placement);
  return response;
}

async function respond(request: Request, env: SolverEnv): Promise<Response> {
  if (request.method !== 'POST' || new URL(request.url).pathname !== '/v1/round') {
    return new Response('POST /v1/round only\n', { status: 404 });
  }
  const body = await readBody(request, MAX_PACKET_BYTES);
  if (body === undefined) return new Response('round queries too large\n', { status: 413 });
  try {
    const queries = decodeBatch(body, 'round queries');
    const answers = encodeBatch(await Promise.all(queries.map((q) => answerOrFault(q, env))));
    return new Response(answers, { headers: { 'content-type': 'application/octet-stream' } });
  } catch (error) {
    if (error instanceof InvalidInputError) {
      return new Response(`${error.message}\n`, { status: 400 });
    }
    throw error;
  }
}

export default {
  async fetch(request, env): Promise<Response> {
    return placed(request, await respond(request, env));
  },
} satisfies ExportedHandler<SolverEnv>;
