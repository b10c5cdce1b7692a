/** The test's D1, whose answers to reads can be held back. */
export interface SlowD1 {
  DB: D1Database;
  /** From now on D1 works on reads, and nobody hears what came of them. */
  hang(): void;
  /** What was held back arrives, and answers are prompt again. */
  release(): Promise<void>;
  /** Answers are prompt again, but for those held back already. */
  recover(): void;
}

export function slowD1(real: D1Database): SlowD1 {
  let gate: Promise<void> | undefined;
  let open = () => {};
  const slow = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(of, name) {
        const value = Reflect.get(of, name);
        if (typeof value !== 'function') return value;
        const call = value.bind(of);
        if (name === 'withSession' || name === 'prepare' || name === 'bind') {
          return (...args: unknown[]) => slow(call(...args));
        }
        return async (...args: unknown[]) => {
          const held = gate;
          const answer = await call(...args);
          await held;
          return answer;
        };
      },
    });
  return {
    DB: slow(real),
    hang() {
      gate = new Promise((resolve) => {
        open = resolve;
      });
    },
    async release() {
      gate = undefined;
      open();
      // Whoever waited for it has gone on by then.
      for (let n = 0; n < 20; n++) await scheduler.wait(1);
    },
    recover() {
      gate = undefined;
    },
  };
}
