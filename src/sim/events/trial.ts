import { InvalidInputError } from '../../core/model/errors.ts';
import { type Fleet, publicFleet } from '../../core/model/fleet.ts';
import { assembleDispatch } from '../../core/planning/assemble.ts';
import type { PlanningInputs } from '../../core/planning/inputs.ts';
import { sharesOf } from '../../core/planning/plan.ts';
import { type Policy, spanMeans } from '../../core/planning/policies/index.ts';
import { putOffOf } from '../../core/planning/put-off.ts';
import type { ArrivalKind } from './arrivals.ts';
import { type Comparison, compare } from './compare.ts';
import type { Figures } from './figures.ts';
import { forecast } from './forecast.ts';
import { type MeasuredSite, measure } from './measure.ts';
import { type ReplayResult, replay } from './run.ts';
import { equallyLikely, mean, type RequestTrace } from './trace.ts';

export interface TrialOptions {
  policy: Policy;
  traces: RequestTrace[];
  kind: ArrivalKind;
  seed: number;
  warmUpS: number;
  gapTarget: number;
  tolerance: number;
  onProgress?: (share: number) => void;
}

export interface Trial {
  model: Figures;
  simulated: Figures & { sites: MeasuredSite[] };
  comparison: Comparison[];
  unservedShare: number;
  replayed: ReplayResult;
}

/** Prompts by which the model knows a class's. */
export const PROMPTS = 20;

/** The fleet with its classes' tokens as the traces have them; cached prefixes need no work. */
export function withTraceTokens(fleet: Fleet, traces: readonly RequestTrace[]): Fleet {
  const classes = fleet.classes.map((cls, k) => {
    const trace = traces[k] as RequestTrace;
    const computed = trace.inputTokens.map(
      (tokens, n) => tokens - (trace.cachedTokens[n] as number),
    );
    return {
      ...cls,
      meanInputTokens: mean(computed),
      promptTokens: equallyLikely(computed, PROMPTS),
      meanOutputTokens: mean(trace.outputTokens),
    };
  });
  return { ...fleet, classes };
}

/** Plans a span, says what the model expects, replays the traces under that plan, and compares. */
export function trial(fleet: Fleet, inputs: PlanningInputs, options: TrialOptions): Trial {
  const open = publicFleet(fleet);
  const problem = assembleDispatch(open, inputs, inputs.demandReqPerS);
  const served = fleet.classes.findIndex((_, k) =>
    fleet.zones.every((_, i) => {
      const r = i * problem.classCount + k;
      return problem.rowStart[r] === problem.rowStart[r + 1];
    }),
  );
  if (served >= 0) {
    const { id, ttftSloMs } = fleet.classes[served] as Fleet['classes'][number];
    throw new InvalidInputError('--slo', [
      `no site can answer class "${id}" within ${ttftSloMs} ms even with nobody waiting, expected a longer SLO, such as ${id}=5000`,
    ]);
  }
  const { flow, unserved } = options.policy.decide({
    fleet,
    inputs,
    problem,
    settings: { gapTarget: options.gapTarget },
    spanMeans: spanMeans(fleet, inputs),
  });
  const model = forecast(fleet, problem, inputs, { flow, unserved });
  const replayed = replay({
    fleet,
    startUtcMs: inputs.startUtcMs,
    slotHours: inputs.slotHours,
    shares: flow.map((f) => sharesOf(open, problem, f)),
    putOff: putOffOf(open, problem, inputs, flow, unserved),
    demandReqPerS: inputs.demandReqPerS,
    ...options,
  });
  const simulated = measure(fleet, inputs, replayed);
  const sum = (values: Float64Array) => values.reduce((a, b) => a + b, 0);
  return {
    model,
    simulated,
    comparison: compare(fleet, model, simulated, options.tolerance),
    unservedShare:
      unserved.reduce((a, u) => a + sum(u), 0) / Math.max(sum(inputs.demandReqPerS), 1e-300),
    replayed,
  };
}
