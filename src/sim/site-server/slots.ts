interface Waiter {
  grant(): void;
}

/** A counted resource handed out first come, first served; a waiter may give up at any time. */
export class Slots {
  private free: number;
  private readonly waiters: Waiter[] = [];

  constructor(count: number) {
    this.free = count;
  }

  get waiting(): number {
    return this.waiters.length;
  }

  acquire(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      if (this.free > 0) {
        this.free -= 1;
        resolve();
        return;
      }
      const giveUp = () => {
        this.waiters.splice(this.waiters.indexOf(waiter), 1);
        reject(signal.reason);
      };
      const waiter: Waiter = {
        grant: () => {
          signal.removeEventListener('abort', giveUp);
          resolve();
        },
      };
      signal.addEventListener('abort', giveUp, { once: true });
      this.waiters.push(waiter);
    });
  }

  release(): void {
    const next = this.waiters.shift();
    if (next) next.grant();
    else this.free += 1;
  }
}
