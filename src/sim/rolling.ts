import { type Fleet, hasPlant, publicFleet } from '../core/model/fleet.ts';
import { mayWait } from '../core/model/request-class.ts';
import { assembleDispatch } from '../core/planning/assemble.ts';
import type { PlanningInputs } from '../core/planning/inputs.ts';
import { Ledger } from '../core/planning/ledger.ts';
import type {
  Decision,
  Policy,
  PolicyContext,
  SpanMeans,
} from '../core/planning/policies/index.ts';
import { type PolicyResult, slice } from './backtest.ts';

/** How far a plan looks, as in production: of it only the hours until the next are ever used. */
export const HORIZON_SLOTS = 24;

/** Slots of one task: each begins without what the one before has learned, whoever does it. */
export const TASK_SLOTS = 28 * 24;

/** Slots [from, to) of a span, planned anew at every slot by one policy. */
export interface RollingTask {
  policy: string;
  from: number;
  to: number;
}

/** What was decided slot by slot, each by the plan made as it began. */
export interface RollingDecision extends Pick<Decision, 'flow' | 'unserved'> {
  plans: number;
  maxRounds?: number;
  maxGap?: number;
}

/** Why a backtest cannot plan a fleet anew every hour and carry on from plan to plan, if it cannot. */
export function rollingIssue(fleet: Fleet): string | undefined {
  const waiting = fleet.classes.find(mayWait);
  if (waiting) return `class "${waiting.id}" may wait`;
  const planted = fleet.sites.find((s) => hasPlant(s.cost));
  return planted && `site "${planted.id}" has a plant`;
}

/** A span in tasks, those of a policy one after another. */
export function rollingTasks(
  policies: readonly Policy[],
  slots: number,
  taskSlots = TASK_SLOTS,
): RollingTask[] {
  return policies.flatMap((policy) =>
    Array.from({ length: Math.ceil(slots / taskSlots) }, (_, n) => ({
      policy: policy.id,
      from: n * taskSlots,
      to: Math.min(slots, (n + 1) * taskSlots),
    })),
  );
}

/**
 * At every slot a whole plan over the {@link HORIZON_SLOTS} that follow, or to the end of what is known,
 * warm from the plan before it; its first slot is what is done.
 */
export function decideRolling(
  fleet: Fleet,
  inputs: PlanningInputs,
  policy: Policy,
  { from, to }: Pick<RollingTask, 'from' | 'to'>,
  settings: PolicyContext['settings'],
  means: SpanMeans,
  onPlan?: () => void,
): RollingDecision {
  const open = publicFleet(fleet);
  const done: RollingDecision = { flow: [], unserved: [], plans: 0 };
  let learned: Decision['learned'];
  for (let t = from; t < to; t++) {
    const horizon = slice(inputs, t, Math.min(t + HORIZON_SLOTS, inputs.slotCount));
    const decision = policy.decide({
      fleet,
      inputs: horizon,
      problem: assembleDispatch(open, horizon, horizon.demandReqPerS),
      settings,
      spanMeans: means,
      ...(learned && { learned }),
    });
    learned = decision.learned;
    done.plans++;
    // Copies: a view would keep the whole horizon, and take it along to another thread.
    done.flow.push((decision.flow[0] as Float64Array).slice());
    done.unserved.push((decision.unserved[0] as Float64Array).slice());
    if (decision.rounds !== undefined) {
      done.maxRounds = Math.max(done.maxRounds ?? 0, decision.rounds);
    }
    if (decision.gap !== undefined) done.maxGap = Math.max(done.maxGap ?? 0, decision.gap);
    onPlan?.();
  }
  return done;
}

/** What a policy's decisions of a whole span come to, by the true model. */
export function chargeRolling(
  fleet: Fleet,
  inputs: PlanningInputs,
  policy: string,
  decided: readonly (RollingTask & RollingDecision)[],
): PolicyResult {
  const open = publicFleet(fleet);
  const ledger = new Ledger(fleet);
  for (const { from, to, flow, unserved } of decided.toSorted((a, b) => a.from - b.from)) {
    const span = slice(inputs, from, to);
    ledger.add(assembleDispatch(open, span, span.demandReqPerS), span, flow, unserved);
  }
  const most = (of: (d: RollingDecision) => number | undefined) => {
    const found = decided.map(of).filter((x) => x !== undefined);
    return found.length > 0 ? Math.max(...found) : undefined;
  };
  return {
    policy,
    ...ledger.totals(),
    maxRounds: most((d) => d.maxRounds),
    maxGap: most((d) => d.maxGap),
  };
}
