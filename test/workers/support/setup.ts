import { applyD1Migrations } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach } from 'vitest';
import { clearFaults } from './faults.ts';

// Storage is fresh per test file; setup files run once in each of them.
await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);

afterEach(clearFaults);
