import type { Fleet } from '../core/model/fleet.ts';
import { publicFleet } from '../core/model/fleet.ts';
import type { SettingsInput } from '../core/optimizer/settings.ts';
import { assembleDispatch } from '../core/planning/assemble.ts';
import { assertInputs, type PlanningInputs, slotUtcMs } from '../core/planning/inputs.ts';
import { Ledger } from '../core/planning/ledger.ts';
import { type Policy, type SpanMeans, spanMeans } from '../core/planning/policies/index.ts';
import { difference } from '../core/planning/span-sums.ts';
import type { SpanSums, SpanTotals } from '../core/planning/span-totals.ts';

/** Slots decided together: a day, as in production. */
const BLOCK_SLOTS = 24;

export interface PolicyResult extends SpanTotals {
  policy: string;
  /** Of optimizing policies: most rounds any day took, and the largest certified gap. */
  maxRounds?: number;
  maxGap?: number;
}

/** How a policy is run, and what of it is told as it goes. */
export interface RunOptions {
  /** What it decides on where that is not the truth, such as a forecast; demand is the true one. */
  believed?: PlanningInputs;
  /** After each day, with what it came to. */
  onDay?: (sums: SpanSums, doneSlots: number) => void;
}

/**
 * Runs each policy over the inputs' span, a day at a time, and charges all by the true model.
 * Decisions are made with perfect knowledge of the day's weather, prices and demand, and of what the
 * month's peak so far has paid for.
 */
export function backtest(
  fleet: Fleet,
  inputs: PlanningInputs,
  policies: readonly Policy[],
  settings: SettingsInput,
  onProgress?: (policy: string, doneShare: number) => void,
): PolicyResult[] {
  assertInputs(publicFleet(fleet), inputs);
  const means = spanMeans(fleet, inputs);
  return policies.map((policy, n) =>
    runPolicy(fleet, inputs, policy, settings, means, {
      onDay: (_, done) => {
        onProgress?.(policy.id, (n + done / inputs.slotCount) / policies.length);
      },
    }),
  );
}

/** One policy of {@link backtest}; inputs must make sense. */
export function runPolicy(
  fleet: Fleet,
  inputs: PlanningInputs,
  policy: Policy,
  settings: SettingsInput,
  means: SpanMeans,
  { believed, onDay }: RunOptions = {},
): PolicyResult {
  const ledger = new Ledger(fleet);
  let maxRounds: number | undefined;
  let maxGap: number | undefined;
  let before = ledger.sums();
  for (let from = 0; from < inputs.slotCount; from += BLOCK_SLOTS) {
    const to = Math.min(from + BLOCK_SLOTS, inputs.slotCount);
    const block = slice(inputs, from, to);
    const problem = assembleDispatch(publicFleet(fleet), block, block.demandReqPerS);
    const shown = believed ? slice(believed, from, to) : block;
    const decision = policy.decide({
      fleet: ledger.fleetAt(block),
      inputs: shown,
      problem,
      settings,
      spanMeans: means,
    });
    ledger.add(problem, block, decision.flow, decision.unserved);
    if (decision.rounds !== undefined) maxRounds = Math.max(maxRounds ?? 0, decision.rounds);
    if (decision.gap !== undefined) maxGap = Math.max(maxGap ?? 0, decision.gap);
    const after = ledger.sums();
    onDay?.(difference(after, before), to);
    before = after;
  }
  return { policy: policy.id, ...ledger.totals(), maxRounds, maxGap };
}

/** Slots [from, to) of the inputs. */
export function slice(inputs: PlanningInputs, from: number, to: number): PlanningInputs {
  const perSlot = inputs.demandReqPerS.length / inputs.slotCount;
  return {
    startUtcMs: slotUtcMs(inputs, from),
    slotCount: to - from,
    slotHours: inputs.slotHours,
    demandReqPerS: inputs.demandReqPerS.subarray(from * perSlot, to * perSlot),
    sites: inputs.sites.map((s) => ({
      tempC: s.tempC.subarray(from, to),
      rhPct: s.rhPct.subarray(from, to),
      spotAudPerMwh: s.spotAudPerMwh.subarray(from, to),
      carbonKgPerKwh: s.carbonKgPerKwh.subarray(from, to),
      gridWaterLPerKwh: s.gridWaterLPerKwh.subarray(from, to),
      sources: s.sources,
    })),
  };
}
