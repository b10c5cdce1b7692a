/** Without an answer for so long an asking is given up: a new connection may have one. */
const GIVEN_UP_MS = 30_000;

/**
 * One asking at a time: asked again while one is open, the next begins as that ends. An answer that
 * takes longer than the page waits from one look to the next is seen all the same.
 */
export class Asking {
  readonly #read: (signal: AbortSignal) => Promise<void>;
  readonly #ended = new AbortController();
  #isOpen = false;
  #isDue = false;

  /** @param read must not throw */
  constructor(read: (signal: AbortSignal) => Promise<void>) {
    this.#read = read;
  }

  async again(): Promise<void> {
    this.#isDue = true;
    if (this.#isOpen) return;
    this.#isOpen = true;
    while (this.#isDue && !this.isEnded) {
      this.#isDue = false;
      await this.#read(AbortSignal.any([this.#ended.signal, AbortSignal.timeout(GIVEN_UP_MS)]));
    }
    this.#isOpen = false;
  }

  get isEnded(): boolean {
    return this.#ended.signal.aborted;
  }

  end(): void {
    this.#ended.abort();
  }
}
