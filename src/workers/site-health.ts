import { labelsOf } from '../core/accounting/metrics.ts';
import { SiteHealth } from '../core/routing/health.ts';
import { RetryBudget } from '../core/routing/retry-budget.ts';
import { fleet } from './fleet.ts';
import { journal } from './journal.ts';

/** What this isolate knows of the sites. */
export const health = new SiteHealth(
  new Map(
    fleet.sites.map(({ id, hardware }) => [
      id,
      { capacity: hardware.servers, concurrency: hardware.servers * hardware.batch },
    ]),
  ),
  (site, reason) => journal.count('ejections', labelsOf({ site, reason })),
);

/** Of all requests of this isolate. */
export const retryBudget = new RetryBudget();
