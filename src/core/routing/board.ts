import type { PlannedTtft } from '../planning/ttft-drift.ts';

/** Attempts of about the last minute, of all isolates, that must be there to find a site down by them. */
const MIN_ATTEMPTS = 20;
const MIN_SUCCESS_SHARE = 0.5;
/** Attempts are remembered about as long as this: their sum over it is their rate. */
export const WINDOW_MS = 60_000;
/** Probes in a row that find a site down, or up again. */
const PROBES_DOWN = 3;
const PROBES_UP = 2;
/** A site found down stays so for this long, and each time within an hour for twice as long. */
const HOLD_MS = 60_000;
const MAX_HOLD_MS = 16 * HOLD_MS;
const FORGOTTEN_MS = 3_600_000;

/** Times to first token of a site are remembered about as long as this. */
const TIMED_WINDOW_MS = 900_000;

/** What an isolate says of a site holds for this long if it is silent; while it has requests it says it again. */
const OUT_MS = 180_000;
/** More of them would say the same. */
const MAX_OUTS = 50;
/** In place of an isolate: no request of any has been answered since the site was found up again. */
const NOBODY = '';

/** Attempts that succeeded and failed. */
export interface Tally {
  good: number;
  bad: number;
  /** Why the isolate put the site out of use, if it did and has had no answer since. */
  ejected?: EjectionReason;
  /** Of streams that began. */
  timed?: Timed;
  /** Of those that a plan covered. */
  planned?: PlannedTtft;
}

/** Why an isolate puts a site out of use. */
export type EjectionReason = 'failures' | 'slow';

/** How a site is that is not well: down for all, or lately put out of use by isolates. */
export interface Trouble {
  kind: 'down' | 'failing' | 'slow';
  sinceMs: number;
}

/** Streams' times to first token at a site, summed. */
export interface Timed {
  count: number;
  ttftMs: number;
  /** What the same requests would have taken at zero load. */
  expectedMs: number;
}

/** What the isolates together know of one site. Plain data, to be stored as it is. */
export interface BoardEntry extends Tally {
  seenMs: number;
  /** Probes in a row that ended alike: positive ones that succeeded, negative ones that failed. */
  probes: number;
  downSinceMs?: number;
  /** Length of the last time down, for the next. */
  holdMs: number;
  changedMs: number;
  /** Isolates that have it out of use, by name. */
  outs?: Record<string, Out>;
}

/** A site out of use in an isolate that has had no answer since: from when, last said when, and why. */
interface Out {
  sinceMs: number;
  saidMs: number;
  reason: EjectionReason;
}

export function newEntry(): BoardEntry {
  return { good: 0, bad: 0, seenMs: 0, probes: 0, holdMs: 0, changedMs: 0 };
}

/**
 * Takes in what an isolate saw. True if that changed whether the site is down.
 * @param isolate tells isolates apart: what one of them says, the answers of another do not refute
 */
export function takeTally(
  entry: BoardEntry,
  tally: Tally,
  isolate: string,
  nowMs: number,
): boolean {
  const { good, bad, timed, planned, ejected } = tally;
  const outs = outsAt(entry, nowMs);
  if (ejected) {
    const sinceMs = outs[isolate]?.sinceMs ?? nowMs;
    outs[isolate] = { sinceMs, saidMs: nowMs, reason: ejected };
  } else if (good > 0) {
    delete outs[isolate];
    delete outs[NOBODY];
  }
  entry.outs = latest(outs);
  const before = timesAt(entry, nowMs);
  if (before.timed || timed) entry.timed = sumOf(before.timed, timed);
  if (before.planned || planned) entry.planned = sumOf(before.planned, planned);
  const recent = attemptsAt(entry, nowMs);
  entry.good = recent.good + good;
  entry.bad = recent.bad + bad;
  entry.seenMs = nowMs;
  const attempts = entry.good + entry.bad;
  const fails = attempts >= MIN_ATTEMPTS && entry.good < MIN_SUCCESS_SHARE * attempts;
  return fails && goDown(entry, nowMs);
}

/** Attempts that ended in about the last minute, older ones counting for less. */
export function attemptsAt({ good, bad, seenMs }: BoardEntry, nowMs: number) {
  return faded({ good, bad }, nowMs - seenMs, WINDOW_MS);
}

/** Times to first token of about the last quarter of an hour, older ones counting for less. */
export function timesAt(
  { timed, planned, seenMs }: BoardEntry,
  nowMs: number,
): Pick<BoardEntry, 'timed' | 'planned'> {
  const fade = <T extends object>(sums: T | undefined) =>
    sums && faded(sums, nowMs - seenMs, TIMED_WINDOW_MS);
  return { timed: fade(timed), planned: fade(planned) };
}

/** Sums of numbers after so long. */
function faded<T extends object>(sums: T, sinceMs: number, windowMs: number): T {
  const kept = Math.exp(-Math.max(0, sinceMs) / windowMs);
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum * kept])) as T;
}

function sumOf<T extends object>(a: T | undefined, b: T | undefined): T | undefined {
  if (!a || !b) return a ?? b;
  const other = b as Record<string, number>;
  const sums = Object.entries(a).map(([name, sum]) => [name, sum + (other[name] as number)]);
  return Object.fromEntries(sums) as T;
}

/** Takes in the end of a probe. True if that changed whether the site is down. */
export function takeProbe(entry: BoardEntry, succeeded: boolean, nowMs: number): boolean {
  entry.probes = succeeded ? Math.max(0, entry.probes) + 1 : Math.min(0, entry.probes) - 1;
  if (entry.probes <= -PROBES_DOWN) return goDown(entry, nowMs);
  const since = entry.downSinceMs;
  if (since === undefined || entry.probes < PROBES_UP || nowMs - since < entry.holdMs) return false;
  const out = worst(outsAt(entry, nowMs));
  delete entry.downSinceMs;
  // A server may list its models and fail requests: those who had it out of use are to see first.
  entry.outs = out && { [NOBODY]: { ...out, saidMs: nowMs } };
  entry.changedMs = nowMs;
  entry.good = 0;
  entry.bad = 0;
  return true;
}

/** Whether more is to be found out about a site than traffic and the next round of probes say. */
export function isInQuestion(entry: BoardEntry, nowMs: number): boolean {
  return entry.probes < 0 || troubleOf(entry, nowMs) !== undefined;
}

export function troubleOf(entry: BoardEntry, nowMs: number): Trouble | undefined {
  if (entry.downSinceMs !== undefined) return { kind: 'down', sinceMs: entry.downSinceMs };
  const out = worst(outsAt(entry, nowMs));
  return out && { kind: out.reason === 'slow' ? 'slow' : 'failing', sinceMs: out.sinceMs };
}

/** What isolates say of it and have not said too long ago. Of a site that is down, nothing new can be said. */
function outsAt({ outs, downSinceMs }: BoardEntry, nowMs: number): Record<string, Out> {
  const holds = ([, { saidMs }]: [string, Out]) =>
    downSinceMs !== undefined || nowMs - saidMs < OUT_MS;
  return Object.fromEntries(Object.entries(outs ?? {}).filter(holds));
}

function latest(outs: Record<string, Out>): Record<string, Out> {
  const bySaid = Object.entries(outs).sort(([, a], [, b]) => b.saidMs - a.saidMs);
  return Object.fromEntries(bySaid.slice(0, MAX_OUTS));
}

/** Failures before slowness, and since when the first said so. */
function worst(outs: Record<string, Out>): Out | undefined {
  const all = Object.values(outs);
  if (all.length === 0) return undefined;
  const reason = all.some((o) => o.reason === 'failures') ? 'failures' : 'slow';
  const of = all.filter((o) => o.reason === reason);
  return {
    sinceMs: Math.min(...of.map((o) => o.sinceMs)),
    saidMs: Math.max(...of.map((o) => o.saidMs)),
    reason,
  };
}

function goDown(entry: BoardEntry, nowMs: number): boolean {
  if (entry.downSinceMs !== undefined) return false;
  const isAgain = nowMs - entry.changedMs < FORGOTTEN_MS && entry.holdMs > 0;
  entry.holdMs = isAgain ? Math.min(2 * entry.holdMs, MAX_HOLD_MS) : HOLD_MS;
  entry.downSinceMs = nowMs;
  entry.changedMs = nowMs;
  entry.probes = Math.min(0, entry.probes);
  return true;
}
