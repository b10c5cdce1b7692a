import { Hono } from 'hono';
import { admin } from './admin.ts';
import { bearsOneOf } from './auth.ts';
import { dataPlane } from './data-plane.ts';
import type { Env } from './env.ts';
import { optimize } from './optimize.ts';
import { status } from './status.ts';

export { Coordinator } from './coordinator.ts';

/** The routing Worker: data plane under /v1, admin plane under /admin/v1, the page at the root. */
const app = new Hono<{ Bindings: Env }>();

app.route('/v1', dataPlane);
app.route('/admin/v1', admin);

app.get('/healthz', (c) => c.text('ok'));

app.get('/status.json', async (c) => {
  const open = c.env.PUBLIC_STATUS === 'true';
  if (!open && !(await bearsOneOf(c.req.raw, c.env.ADMIN_TOKEN_SHA256))) {
    return c.json({ error: 'needs the admin token, or PUBLIC_STATUS = "true"' }, 401);
  }
  return c.json(await status(c.env), 200, { 'cache-control': 'no-store' });
});

app.get('*', (c) => c.env.ASSETS.fetch(c.req.raw));

export default {
  fetch: app.fetch,
  async scheduled(_controller, env): Promise<void> {
    await optimize(env, 'cron');
  },
} satisfies ExportedHandler<Env>;
