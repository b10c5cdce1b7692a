/** What came of a request, as logged and accounted: no prompt, no answer, no key. */
export interface RequestOutcome {
  requestId: string;
  traceId: string;
  /** `chat/completions`, `completions`, `embeddings` or `responses`. */
  endpoint: string;
  /** What the request came down to; absent where it was refused before that was known. */
  classId?: string;
  zone?: string;
  planVersion?: number;
  /** The site whose answer the client got. */
  site?: string;
  /** As the client got it; 499 where it had left before. */
  status: number;
  outcome: OutcomeKind;
  /** Code of the error, where it was the gateway's own. */
  code?: string;
  streamed: boolean;
  startedUtcMs: number;
  /** From the request's arrival to the first byte of a stream, and to the end of the answer. */
  ttftMs?: number;
  durationMs: number;
  /** Of the answer's body, before any compression. */
  answerBytes: number;
  attempts: Attempt[];
}

/**
 * - `ok`: a site's answer, complete, be it an error of the client's that the site found;
 * - `rejected`: the gateway found the request faulty or not allowed;
 * - `put_off`: it may wait, and was told when to come back;
 * - `unavailable`: no site gave a usable answer;
 * - `timeout`: a deadline passed;
 * - `broken`: the answer began and did not come to its end;
 * - `client_closed`: the client left first.
 */
export type OutcomeKind =
  | 'ok'
  | 'rejected'
  | 'put_off'
  | 'unavailable'
  | 'timeout'
  | 'broken'
  | 'client_closed';

export interface Attempt {
  site: string;
  /** Absent where the site gave none. */
  status?: number;
  /** Until its first byte, or until it was given up. */
  ms: number;
  /** Why its answer was not taken. */
  fault?: string;
  /** It was begun beside another that took long. */
  isHedge?: true;
  /** It was given up because the other was quicker. */
  overtaken?: true;
}
