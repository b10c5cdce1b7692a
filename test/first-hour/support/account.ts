import { DatabaseSync } from 'node:sqlite';
import { type Asked, type Call, NotThere, serveCalls } from './account-server.ts';

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

  const calls: Call[] = [
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

  const { url, close } = await serveCalls(calls);
  return {
    ...account,
    env: {
      CLOUDFLARE_API_BASE_URL: url,
      CLOUDFLARE_API_TOKEN: 'token',
      CLOUDFLARE_ACCOUNT_ID: 'account',
    },
    tables: () =>
      db
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        .all()
        .map((row) => row.name as string),
    refuse: (name) => refused.add(name),
    close,
  };
}
