// PLUMBING STUB: replaced by the real router.
import { DurableObject } from 'cloudflare:workers';
import type { Env } from './env.ts';

export class Coordinator extends DurableObject<Env> {
  override async fetch(_request: Request): Promise<Response> {
    await this.ctx.storage.setAlarm(Date.now() + 60_000);
    return Response.json({ alarms: (await this.ctx.storage.get<number>('alarms')) ?? 0 });
  }
  override async alarm(): Promise<void> {
    await this.ctx.storage.put('alarms', ((await this.ctx.storage.get<number>('alarms')) ?? 0) + 1);
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const url = new URL(request.url);
    if (url.pathname === '/') return env.ASSETS.fetch(request);
    if (url.pathname === '/cf') return Response.json(request.cf ?? null);
    if (url.pathname === '/cron') {
      const row = await env.DB.prepare('SELECT count(*) AS n FROM sqlite_master').first();
      const stub = env.COORDINATOR.get(env.COORDINATOR.idFromName('main'));
      return Response.json({ row, alarms: await (await stub.fetch('http://do/')).json() });
    }
    const name = url.pathname.slice(1);
    const solver = env[`SOLVER_${name.toUpperCase()}`];
    if (solver === undefined) return new Response('no such site', { status: 404 });
    return solver.fetch('http://solver/');
  },
  async scheduled(_controller: ScheduledController, env: Env): Promise<void> {
    await env.COORDINATOR.get(env.COORDINATOR.idFromName('main')).fetch('http://do/');
  },
} satisfies ExportedHandler<Env>;
