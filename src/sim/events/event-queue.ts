/** Events by time; those of the same instant in the order they came. A binary heap. */
export class EventQueue<T> {
  readonly #times: number[] = [];
  readonly #orders: number[] = [];
  readonly #items: T[] = [];
  #pushed = 0;

  get size(): number {
    return this.#items.length;
  }

  push(timeS: number, item: T): void {
    let at = this.#items.length;
    const order = this.#pushed++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      // A newcomer goes behind its equals, so only a later parent moves down.
      if ((this.#times[parent] as number) <= timeS) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#set(at, timeS, order, item);
  }

  /** The earliest event; undefined if there is none. */
  pop(): { timeS: number; item: T } | undefined {
    const item = this.#items[0];
    if (item === undefined) return undefined;
    const timeS = this.#times[0] as number;
    const last = this.#items.length - 1;
    const lastTimeS = this.#times[last] as number;
    const lastOrder = this.#orders[last] as number;
    const lastItem = this.#items[last] as T;
    this.#times.length = last;
    this.#orders.length = last;
    this.#items.length = last;
    if (last > 0) this.#sink(lastTimeS, lastOrder, lastItem);
    return { timeS, item };
  }

  /** Puts an event where the first was, and lets it sink. */
  #sink(timeS: number, order: number, item: T): void {
    const size = this.#items.length;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#before(child + 1, this.#times[child], this.#orders[child])) {
        child++;
      }
      if (!this.#before(child, timeS, order)) break;
      this.#move(child, at);
      at = child;
    }
    this.#set(at, timeS, order, item);
  }

  #before(at: number, timeS = 0, order = 0): boolean {
    const own = this.#times[at] as number;
    return own < timeS || (own === timeS && (this.#orders[at] as number) < order);
  }

  #move(from: number, to: number): void {
    this.#set(
      to,
      this.#times[from] as number,
      this.#orders[from] as number,
      this.#items[from] as T,
    );
  }

  #set(at: number, timeS: number, order: number, item: T): void {
    this.#times[at] = timeS;
    this.#orders[at] = order;
    this.#items[at] = item;
  }
}
