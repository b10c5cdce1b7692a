/// <reference types="@cloudflare/vitest-plugin/types" />

declare namespace Cloudflare {
  interface Env extends WorkerEnv {
    FUZZ_RUNS: string;
    TEST_MIGRATIONS: import('cloudflare:test').D1Migration[];
  }
  interface GlobalProps {
    mainModule: typeof import('../../src/workers/main.ts');
    durableNamespaces: 'Coordinator' | 'KeyLimits' | 'SiteBoard';
  }
}

type WorkerEnv = import('../../src/workers/env.ts').Env;
