import { z } from 'zod';
import { networkFault } from '../../local/network-fault.ts';

/** What a deployment's admin API answers, as far as it is looked at. */

export const deploymentSchema = z.object({
  nowUtcMs: z.number(),
  registry: z.string(),
  migrations: z.array(z.string()),
  hasClientKeys: z.boolean(),
});
export const runsSchema = z.object({
  latest: z
    .object({ status: z.string(), trigger: z.string(), requestedUtcMs: z.number() })
    .nullish(),
  ended: z.array(
    z.object({
      status: z.string(),
      trigger: z.string(),
      requestedUtcMs: z.number(),
      error: z.string().optional(),
    }),
  ),
});
export const sitesSchema = z.object({
  sites: z.array(
    z.object({
      id: z.string(),
      excluded: z.string().nullable(),
      solver: z.object({ placement: z.string().nullable(), fault: z.string().nullable() }),
    }),
  ),
});
export const planSchema = z.object({
  header: z.object({
    version: z.number(),
    startUtcMs: z.number(),
    slotCount: z.number(),
    slotHours: z.number(),
    certificate: z.object({ gap: z.number() }),
  }),
});
export const feedsSchema = z.object({
  feeds: z.array(z.object({ id: z.string(), fault: z.string().nullish() })),
});

export interface DeployedIo {
  /** Root of the deployment, without a slash at its end. */
  url: string;
  adminToken: string;
  fetch: typeof fetch;
  timeoutMs: number;
}

export interface Answer<T> {
  body?: T;
  status?: number;
  fault?: string;
  /** Where there was no answer at all: what to do about it. */
  fix?: string;
}

/** Asks once; the answer has a body of the shape expected, or a fault. */
export async function asked<S extends z.ZodType>(
  { url, adminToken, fetch, timeoutMs }: DeployedIo,
  path: string,
  schema: S,
): Promise<Answer<z.output<S>>> {
  try {
    const response = await fetch(url + path, {
      headers: { authorization: `Bearer ${adminToken}` },
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const { status } = response;
    const text = await response.text();
    if (!response.ok) return { status, fault: `${path} answers ${status}${errorIn(text)}` };
    const body = schema.safeParse(JSON.parse(text));
    return body.success
      ? { status, body: body.data }
      : { status, fault: `${path}: another shape than expected` };
  } catch (error) {
    if (error instanceof SyntaxError) return { fault: `${path}: the answer is no JSON` };
    const { found, fix } = networkFault(error, url, timeoutMs);
    return { fault: `${path}: ${found}`, fix };
  }
}

function errorIn(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === 'string' ? `: ${error.slice(0, 200)}` : '';
  } catch {
    return '';
  }
}
