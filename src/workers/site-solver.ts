import { z } from 'zod';
import { InvalidInputError, parseInput } from '../core/model/errors.ts';
import { requestClassSchema, siteSchema } from '../core/model/fleet.ts';
import { MS_PER_HOUR } from '../core/model/units.ts';
import { MAX_PACKET_BYTES } from '../core/optimizer/packet.ts';
import { answerQuery } from '../core/optimizer/site-subproblem.ts';
import { assembleSite } from '../core/planning/assemble.ts';
import { decodeQuery, encodeAnswer, type RoundQuery } from '../core/planning/round-wire.ts';
import { readBody } from './read-body.ts';

/**
 * A site's solver: a Worker of its own, placed next to the site, and the only one that holds the
 * site's cost data. Stateless: a round's query carries everything else. It is a `fetch` handler,
 * since only those are placed, and reached through a service binding alone.
 */
interface SolverEnv {
  /** JSON: {schemaVersion: 1, site: the site's registry entry}. */
  SITE: string;
  /** JSON: the fleet's request classes. */
  CLASSES: string;
}

const siteVarSchema = z.strictObject({ schemaVersion: z.literal(1), site: siteSchema });

type Deployment = ReturnType<typeof readDeployment>;
let deployment: Deployment | undefined;

function readDeployment(env: SolverEnv) {
  return {
    site: parseInput(siteVarSchema, JSON.parse(env.SITE), 'variable SITE').site,
    classes: parseInput(z.array(requestClassSchema), JSON.parse(env.CLASSES), 'variable CLASSES'),
  };
}

function answer(bytes: Uint8Array, { site, classes }: Deployment): Uint8Array<ArrayBuffer> {
  const q: RoundQuery = decodeQuery(bytes, classes.length);
  if (q.site !== site.id) {
    throw new InvalidInputError('round query', [`is for site "${q.site}", this is "${site.id}"`]);
  }
  const s = q.surroundings;
  const problem = assembleSite(site, classes, q.prices, q, (t) => ({
    utcMs: q.startUtcMs + t * q.slotHours * MS_PER_HOUR,
    tempC: s.tempC[t] as number,
    rhPct: s.rhPct[t] as number,
    spotAudPerMwh: s.spotAudPerMwh[t] as number,
    carbonKgPerKwh: s.carbonKgPerKwh[t] as number,
    gridWaterLPerKwh: s.gridWaterLPerKwh[t] as number,
  }));
  return encodeAnswer(q.runId, site.id, answerQuery(problem, q.query));
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
  const query = await readBody(request, MAX_PACKET_BYTES);
  if (query === undefined) return new Response('round query too large\n', { status: 413 });
  try {
    deployment ??= readDeployment(env);
    const headers = { 'content-type': 'application/octet-stream' };
    return new Response(answer(query, deployment), { headers });
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
