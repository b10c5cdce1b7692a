import { AdminClient } from '../../../src/local/admin-client.ts';
import { type Gateway, sha256, startGateway } from '../../e2e/support/gateway.ts';

export const adminToken = 'browser-test-admin-token';

/**
 * The hour that the system's clock begins in, a minute into it: no hour or day turns while tests run, and
 * plans are those of that day's weather, in which Hobart serves its own.
 */
export const startHourMs = Date.UTC(2026, 10, 25, 18);

export interface PlannedGateway extends Gateway {
  admin: AdminClient;
  /** Runs an optimization to its end. */
  plan(): Promise<number>;
}

/** The whole stack with a plan, closed to whoever has no token. */
export async function startPlannedGateway(): Promise<PlannedGateway> {
  const gateway = await startGateway({
    PUBLIC_STATUS: 'false',
    ADMIN_TOKEN_SHA256: sha256(adminToken),
    CLOCK_OFFSET_MS: String(startHourMs + 60_000 - Date.now()),
    RECEIPT_FLUSH_MS: '50',
  });
  const admin = new AdminClient(gateway.stack.url, adminToken);
  const plan = async () => {
    await admin.optimize();
    for (;;) {
      const run = await admin.latestRun();
      if (run.status === 'failed') throw new Error(run.error);
      if (run.status === 'published') return run.planVersion as number;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  await plan();
  return { ...gateway, admin, plan };
}
