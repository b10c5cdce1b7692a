import {
  absorb,
  begin,
  incumbent,
  propose,
  stopReason,
  type WarmStart,
} from '../../src/core/optimizer/consensus.ts';
import { type SettingsInput, settingsSchema } from '../../src/core/optimizer/settings.ts';
import { answerQuery, type SiteProblem } from '../../src/core/optimizer/site-subproblem.ts';
import type { ConsensusState } from '../../src/core/optimizer/state.ts';
import { encodeAnswer, encodeQuery } from '../../src/core/planning/round-wire.ts';
import { warmFrom } from '../../src/core/planning/warm-start.ts';
import type { Instance } from '../../test/core/support/instances.ts';

/** One optimization, with what it cost on this machine. */
export interface Run {
  rounds: number;
  reachedGap: boolean;
  gap: number;
  objectiveAud: number;
  lowerBoundAud: number;
  /** CPU of the coordinator before the first round, of its masters after, and of all sites. */
  beginMs: number;
  masterMs: number;
  sitesMs: number;
  /** On the wire, per round and site, both directions. */
  bytesPerRoundAndSite: number;
  firstRoundBytes: number;
  state: ConsensusState;
}

export function run(instance: Instance, settingsInput: SettingsInput, warm?: WarmStart): Run {
  const { problem, sites } = instance;
  const settings = settingsSchema.parse(settingsInput);
  let clock = cpuMs();
  const lap = () => {
    const now = cpuMs();
    const ms = now - clock;
    clock = now;
    return ms;
  };
  const state = begin(problem, settings, warm);
  const result = { beginMs: lap(), masterMs: 0, sitesMs: 0, bytes: 0, firstBytes: 0 };
  for (;;) {
    const queries = propose(problem, state);
    lap();
    const answers = queries.map((q, j) =>
      q ? answerQuery(sites[j] as SiteProblem, q) : undefined,
    );
    result.sitesMs += lap();
    const query = queries[0];
    const answer = answers[0];
    const bytes = query && answer ? wireBytes(query, answer) : 0;
    if (state.round === 1) result.firstBytes = bytes;
    result.bytes += bytes;
    lap();
    absorb(problem, settings, state, queries, answers);
    result.masterMs += lap();
    const reason = stopReason(settings, state);
    if (reason === undefined) continue;
    const best = incumbent(state);
    if (!best) throw new Error('no certified plan');
    const { gap, objectiveAud, lowerBoundAud } = best.certificate;
    return {
      rounds: state.gaps.length,
      reachedGap: reason === 'gap',
      gap,
      objectiveAud,
      lowerBoundAud,
      beginMs: result.beginMs,
      masterMs: result.masterMs,
      sitesMs: result.sitesMs,
      bytesPerRoundAndSite: result.bytes / state.gaps.length,
      firstRoundBytes: result.firstBytes,
      state,
    };
  }
}

/** What an optimization leaves, as the next one gets it. */
export function leftBy(state: ConsensusState): WarmStart {
  return warmFrom(structuredClone(state));
}

function wireBytes(
  query: NonNullable<ReturnType<typeof propose>[number]>,
  answer: ReturnType<typeof answerQuery>,
): number {
  const none = new Float64Array(answer.costAud.length);
  const surroundings = {
    tempC: none,
    rhPct: none,
    spotAudPerMwh: none,
    carbonKgPerKwh: none,
    gridWaterLPerKwh: none,
  };
  const prices = {
    carbonAudPerT: 0,
    waterAudPerKl: 0,
    timeAudPerUserHour: 0,
    unservedAudPerRequest: 0,
    lateAudPerRequest: 0,
  };
  const meta = { kind: 'query', runId: '0'.repeat(36), site: 'site-1000' } as const;
  const span = { startUtcMs: 1.7e12, slotCount: none.length, slotHours: 1 };
  return (
    encodeQuery({ ...meta, ...span, prices, query, surroundings }).length +
    encodeAnswer(meta.runId, meta.site, answer).length
  );
}

/**
 * CPU of this process in user mode, in ms, all its threads together: V8's compiler and garbage collector
 * count, other processes do not, though they slow the caches and the clock.
 */
export function cpuMs(): number {
  return process.cpuUsage().user / 1000;
}
