import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';

/**
 * An account that is made up here: as much of Cloudflare's API as wrangler asks for to deploy, after what
 * wrangler does with the answers. D1 is SQLite. What the true API would refuse it does not know.
 */

/** What is uploaded as a Worker, beside its code. */
export interface Metadata {
  bindings: { name: string; type: string; [field: string]: unknown }[];
  compatibility_date: string;
  placement?: { region?: string };
  migrations?: { new_tag: string; steps: { new_sqlite_classes?: string[] }[] };
}

export interface Account {
  /** Environment of a wrangler that uses it. */
  env: Record<string, string>;
  /** Uploads of Workers, in order; code as it was sent. */
  uploads: { name: string; metadata: Metadata; code: string }[];
  /** By Worker. */
  secrets: Record<string, Record<string, string>>;
  subdomains: Record<string, boolean>;
  crons: Record<string, string[]>;
  /** Location hint by database. */
  databases: Record<string, string | undefined>;
  tables(): string[];
  /** Refuses the next upload of a Worker. */
  refuse(name: string): void;
  close(): Promise<void>;
}

const UUID = '11111111-1111-4111-8111-111111111111';

interface Asked {
  method: string;
  /** Below the account. */
  path: string;
  body: Buffer;
  request: IncomingMessage;
}

class NotThere extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`error ${code}`);
    this.code = code;
  }
}

async function uploaded({ body, request }: Asked): Promise<{ metadata: Metadata; code: string }> {
  const headers = { 'content-type': request.headers['content-type'] as string };
  const form = await new Response(new Uint8Array(body), { headers }).formData();
  const files = [...form.values()].filter((value) => typeof value !== 'string');
  return {
    metadata: JSON.parse(form.get('metadata') as string),
    code: (await Promise.all(files.map((file) => file.text()))).join('\n'),
  };
}

export async function startAccount(): Promise<Account> {
  const db = new DatabaseSync(':memory:');
  const refused = new Set<string>();
  const account: Pick<Account, 'uploads' | 'secrets' | 'subdomains' | 'crons' | 'databases'> = {
    uploads: [],
    secrets: {},
    subdomains: {},
    crons: {},
    databases: {},
  };
  const json = ({ body }: Asked) => JSON.parse(body.toString());
  const latest = (name: string) => {
    const found = account.uploads.findLast((u) => u.name === name);
    if (found === undefined) throw new NotThere(10_090);
    return found;
  };

  const calls: [call: RegExp, answer: (asked: Asked, name: string) => unknown][] = [
    [
      /^GET \/workers\/services\/([^/]+)$/,
      (_, name) => {
        const tag = latest(name).metadata.migrations?.new_tag;
        const script = { last_deployed_from: 'wrangler', migration_tag: tag };
        return { default_environment: { environment: 'production', script } };
      },
    ],
    [
      /^GET \/workers\/scripts\/([^/]+)\/(?:deployments|settings)$/,
      (_, name) => {
        latest(name);
        return { deployments: [], bindings: [] };
      },
    ],
    [
      // A Worker that is there already gets a version, which is then deployed.
      /^(?:PUT \/workers\/scripts\/([^/]+)|POST \/workers\/scripts\/([^/]+)\/versions)$/,
      async (asked, name) => {
        if (refused.delete(name)) throw new NotThere(10_021);
        account.uploads.push({ name, ...(await uploaded(asked)) });
        const resources = { script: { etag: 'e' }, script_runtime: {} };
        return { id: name, etag: 'e', startup_time_ms: 5, available_on_subdomain: true, resources };
      },
    ],
    [/^POST \/workers\/scripts\/[^/]+\/deployments$/, () => ({ id: 'deployment' })],
    [/^PATCH \/workers\/scripts\/([^/]+)\/script-settings$/, () => ({})],
    [
      /^GET \/workers\/workers\/([^/]+)$/,
      (_, name) => ({ name, subdomain: { enabled: account.subdomains[name] ?? false } }),
    ],
    [/^GET \/workers\/subdomain$/, () => ({ subdomain: 'me' })],
    [
      /^POST \/workers\/scripts\/([^/]+)\/subdomain$/,
      (asked, name) => {
        account.subdomains[name] = json(asked).enabled;
        return {};
      },
    ],
    [
      /^PUT \/workers\/scripts\/([^/]+)\/schedules$/,
      (asked, name) => {
        account.crons[name] = json(asked).map((s: { cron: string }) => s.cron);
        return { schedules: [] };
      },
    ],
    [
      /^POST \/workers\/scripts\/([^/]+)\/assets-upload-session$/,
      () => ({ jwt: 'all.there.already', buckets: [] }),
    ],
    [
      /^GET \/workers\/scripts\/([^/]+)\/secrets$/,
      (_, name) => Object.keys(account.secrets[name] ?? {}).map((n) => ({ name: n })),
    ],
    [
      /^PUT \/workers\/scripts\/([^/]+)\/secrets$/,
      (asked, name) => {
        const { name: secret, text } = json(asked);
        account.secrets[name] = { ...account.secrets[name], [secret]: text };
        return { name: secret, type: 'secret_text' };
      },
    ],
    [
      /^POST \/d1\/database$/,
      (asked) => {
        const { name, primary_location_hint } = json(asked);
        account.databases[name] = primary_location_hint;
        return { uuid: UUID, name, created_in_region: primary_location_hint };
      },
    ],
    [
      /^GET \/d1\/database\/([^/]+)$/,
      (_, name) => {
        if (name !== UUID && !(name in account.databases)) throw new NotThere(7404);
        return { uuid: UUID, name };
      },
    ],
    [
      /^POST \/d1\/database\/([^/]+)\/query$/,
      (asked) => {
        const { sql } = json(asked) as { sql: string };
        const isQuery = /^\s*select/i.test(sql);
        const results = isQuery ? db.prepare(sql).all() : [];
        if (!isQuery) db.exec(`BEGIN; ${sql}; COMMIT;`);
        return [{ results, success: true, meta: { duration: 0 } }];
      },
    ],
  ];

  async function answer(asked: Asked): Promise<{ status: number; body: object }> {
    const line = `${asked.method} ${asked.path}`;
    const said = (status: number, code: number, message: string) => ({
      status,
      body: { success: false, errors: [{ code, message }], messages: [], result: null },
    });
    for (const [call, of] of calls) {
      const match = call.exec(line);
      if (match === null) continue;
      try {
        const result = await of(asked, decodeURIComponent(match[1] ?? match[2] ?? ''));
        return { status: 200, body: { success: true, errors: [], messages: [], result } };
      } catch (error) {
        const code = error instanceof NotThere ? error.code : 10_000;
        return said(error instanceof NotThere ? 404 : 500, code, (error as Error).message);
      }
    }
    return said(501, 1, `the account made up here has no ${line}`);
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', async () => {
      const path = (request.url as string).replace(/^\/accounts\/account/, '').split('?')[0];
      const { status, body } = await answer({
        method: request.method as string,
        path: path as string,
        body: Buffer.concat(chunks),
        request,
      });
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ...account,
    env: {
      CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${port}`,
      CLOUDFLARE_API_TOKEN: 'token',
      CLOUDFLARE_ACCOUNT_ID: 'account',
    },
    tables: () =>
      db
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        .all()
        .map((row) => row.name as string),
    refuse: (name) => refused.add(name),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
