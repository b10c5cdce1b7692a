import type { Fleet } from '../core/model/fleet.ts';
import { solverWorkers } from './site-vars.ts';

/** One command of a deployment, with why it has its place. */
export interface DeployStep {
  why: string;
  /** Program of the project and its arguments. */
  command: readonly [program: 'wrangler' | 'node', ...args: string[]];
}

/**
 * What a deployment runs, in order. The router is bound to the solvers, so they come first; new code
 * may read what a migration makes, and old code bears with it, so migrations come before the router.
 */
export function deploySteps(fleet: Fleet): DeployStep[] {
  const solvers = solverWorkers(fleet).map(
    ({ solver }): DeployStep => ({
      why: `solver ${solver}`,
      command: ['wrangler', 'deploy', '-c', 'wrangler.site.toml', '-e', solver],
    }),
  );
  return [
    {
      why: 'generated files follow from the registry',
      command: ['node', 'scripts/generate-config.ts', '--check'],
    },
    ...solvers,
    {
      why: 'tables of the database',
      // By its binding: who deploys by Cloudflare's button may have named it otherwise.
      command: ['wrangler', 'd1', 'migrations', 'apply', 'DB', '--remote'],
    },
    {
      why: 'router, coordinator, cron and page',
      command: ['wrangler', 'deploy', '-c', 'wrangler.toml'],
    },
  ];
}
