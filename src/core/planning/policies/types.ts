import type { Fleet } from '../../model/fleet.ts';
import type { DispatchProblem } from '../../optimizer/problem.ts';
import type { SettingsInput } from '../../optimizer/settings.ts';
import type { PlanningInputs } from '../inputs.ts';
import type { LearnedCurves } from '../warm-start.ts';
import type { SpanMeans } from './span-means.ts';

/** What a policy may look at when it decides on a block of slots. */
export interface PolicyContext {
  fleet: Fleet;
  inputs: PlanningInputs;
  problem: DispatchProblem;
  settings: SettingsInput;
  spanMeans: SpanMeans;
  /** What the policy's last decision left of what it learned; absent: it begins anew. */
  learned?: LearnedCurves;
}

/** Flows a policy chose: by slot, req/s by edge and req/s by row left unserved. */
export interface Decision {
  flow: Float64Array[];
  unserved: Float64Array[];
  /** Of the policies that optimize: rounds and certified gap. */
  rounds?: number;
  gap?: number;
  /** For the next decision: rounds it need not make again. */
  learned?: LearnedCurves;
}

/** One policy a file; `index.ts` is their registry. */
export interface Policy {
  id: string;
  /** One line for tables and --help. */
  summary: string;
  decide(context: PolicyContext): Decision;
  /** Whether it has anything to decide in such a fleet; absent: in any. */
  appliesTo?(fleet: Fleet): boolean;
  /** Id of the policy that decides the very same in such a fleet, if one does. */
  sameAs?(fleet: Fleet): string | undefined;
}
