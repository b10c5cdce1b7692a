/** Older ones say nothing of the site as it is now. */
const HELD_MS = 60_000;
/**
 * So many different requests in a row show a fault of the site's own, if they are of so many clients:
 * one may ask again and again, in other words, for what no server stands.
 */
const MIN_REQUESTS = 3;
const MIN_CLIENTS = 2;

/**
 * Failures of one site that may be the requests' own fault: a request that makes every server answer
 * 500 must not put one site after another out of use. They count once enough different requests of
 * different clients failed, with none answered well between.
 */
export class Suspicion {
  #held: { client: string; request: string; atMs: number }[] = [];

  /**
   * @param request names what was asked; the same asked again says nothing new
   * @returns how many failures are to be counted now
   */
  add(client: string, request: string, nowMs: number): number {
    this.#held = this.#held.filter((h) => nowMs - h.atMs <= HELD_MS && h.request !== request);
    this.#held.push({ client, request, atMs: nowMs });
    const clients = new Set(this.#held.map((h) => h.client)).size;
    const count = this.#held.length;
    if (count < MIN_REQUESTS || clients < MIN_CLIENTS) {
      // Of one client no more than these are ever needed.
      if (count > MIN_REQUESTS) this.#held.shift();
      return 0;
    }
    this.clear();
    return count;
  }

  /** The site has answered somebody well. */
  clear(): void {
    this.#held = [];
  }
}
