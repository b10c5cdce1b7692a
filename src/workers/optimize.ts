import { z } from 'zod';
import { InvalidInputError, parseInput } from '../core/model/errors.ts';
import type { PublicFleet } from '../core/model/fleet.ts';
import { applyOverrides } from '../core/model/overrides.ts';
import { mayWait } from '../core/model/request-class.ts';
import { floorToHour } from '../core/model/time.ts';
import {
  hasBudget,
  type SettingsInput,
  settingsInputSchema,
  settingsInputShape,
} from '../core/optimizer/settings.ts';
import { assembleDispatch } from '../core/planning/assemble.ts';
import type { PlanningInputs } from '../core/planning/inputs.ts';
import {
  type Job,
  type JobsOfPlan,
  jobSchema,
  jobsLeft,
  MOST_JOBS,
  ownWork,
} from '../core/planning/jobs.ts';
import { backWork, comingBack } from '../core/planning/put-off.ts';
import { readOverrides } from '../store/overrides.ts';
import { currentVersion, readPlan, readPlanJobs } from '../store/plans.ts';
import { expectCounted } from './demand.ts';
import { clockRate, type Env, now, optionalVar } from './env.ts';
import { fleet } from './fleet.ts';
import { refreshInputs } from './inputs.ts';
import type { RunRecord } from './run-store.ts';
import { countServed } from './served.ts';
import { expectMeasured, speedsMode } from './speeds.ts';

/** A run that was under way goes on without what was asked of another. */
export class RunUnderWayError extends Error {
  constructor() {
    super('a run is under way, and jobs are for the next: send them again when it has ended');
  }
}

const HORIZON_SLOTS = 24;

/** There is one coordinator a deployment; the hint places it when it is first created. */
export function coordinatorOf(env: Env) {
  return env.COORDINATOR.getByName('main', { locationHint: hintOf(env) });
}

/** There is one board of sites a deployment, beside it. */
export function boardOf(env: Env) {
  return env.SITE_BOARD.getByName('main', { locationHint: hintOf(env) });
}

/** A change is kept whoever hears of it: cron plans with it, too. */
export async function planSoon(env: Env, trigger: string): Promise<void> {
  try {
    await boardOf(env).planSoon(trigger);
  } catch (error) {
    console.error(`no plan could be asked for after ${trigger}: ${(error as Error).message}`);
  }
}

function hintOf(env: Env): DurableObjectLocationHint | undefined {
  return (env.COORDINATOR_LOCATION || undefined) as DurableObjectLocationHint | undefined;
}

/** The deployment's own defaults. Throws {@link InvalidInputError} naming what is wrong with them. */
export function deploymentSettings(env: Env): SettingsInput {
  const what = 'OPTIMIZER_SETTINGS';
  let value: unknown;
  try {
    value = JSON.parse(env.OPTIMIZER_SETTINGS || '{}');
  } catch (error) {
    throw new InvalidInputError(what, [`not JSON: ${(error as Error).message}`]);
  }
  return parseInput(settingsInputSchema, value, what);
}

/** A board that does not answer must not stop the planning. */
async function sitesDown(env: Env): Promise<string[]> {
  try {
    return await boardOf(env).down();
  } catch (error) {
    console.error(`the board of sites does not answer: ${(error as Error).message}`);
    return [];
  }
}

/** Undefined where the board does not answer: no reason to show nothing. */
export async function knownSites(env: Env) {
  try {
    return await boardOf(env).known();
  } catch (error) {
    console.warn(`the board of sites does not answer: ${(error as Error).message}`);
    return undefined;
  }
}

/** Puts into the inputs what the standing plan leaves to the next: work put off, and jobs. */
async function takeWaiting(env: Env, inputs: PlanningInputs): Promise<void> {
  if (!fleet.classes.some(mayWait)) return;
  const version = await currentVersion(env.DB);
  if (version === undefined) return;
  try {
    // Should D1 fail here, it may answer the next time, and then nothing is lost.
    const plan = await readPlan(env.DB, version);
    inputs.backReqPerS = plan && comingBack(fleet, plan, inputs);
    takeJobs(inputs, plan?.header);
    return;
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    console.warn(`planning without the work that plan ${version} has put off: ${error.message}`);
  }
  try {
    takeJobs(inputs, await readPlanJobs(env.DB, version));
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    inputs.jobsFault = `jobs of plan ${version} cannot be read, send them again: ${error.message}`;
    console.error(inputs.jobsFault);
  }
}

/** Jobs that were lost stay named until they are sent anew, or taken back. */
function takeJobs(inputs: PlanningInputs, header: JobsOfPlan | undefined) {
  if (!header) return;
  inputs.jobs = jobsLeft(fleet, header, inputs);
  if (header.jobsFault !== undefined) inputs.jobsFault = header.jobsFault;
}

/** What a run may be asked for beside its trigger; all optional. */
export const runInputSchema = z.strictObject({
  ...settingsInputShape,
  /** In place of all that the standing plan has left; without them those stay. */
  jobs: z.array(jobSchema).max(MOST_JOBS).optional(),
}) as unknown as z.ZodType<SettingsInput & { jobs?: Job[] }>;

/** Refused here, where the caller hears why; what the standing plan left has been accepted before. */
function assertJobs(inputs: PlanningInputs): void {
  const works = [...backWork(fleet, inputs), ...ownWork(fleet, inputs)];
  assembleDispatch(fleet, inputs, inputs.demandReqPerS, works);
}

/** The fleet as if sites that are down were drained. */
function without(of: PublicFleet, down: readonly string[]): PublicFleet {
  const sites = of.sites.map((s) =>
    down.includes(s.id) ? { ...s, state: 'drained' as const } : s,
  );
  return { ...of, sites };
}

/** Refreshes the inputs and asks the coordinator for a plan from the present hour on. */
export async function optimize(
  env: Env,
  trigger: string,
  settings?: SettingsInput,
  down?: string[],
  jobs?: Job[],
): Promise<RunRecord> {
  const nowMs = now(env);
  const inputs = await refreshInputs(env.DB, fleet, floorToHour(nowMs), HORIZON_SLOTS, nowMs);
  const overrides = await readOverrides(env.DB);
  const sitesOut = down ?? (await sitesDown(env));
  if (env.DEMAND !== 'population') {
    const inForce = without(applyOverrides(fleet, overrides), sitesOut);
    await expectCounted(env.DB, inForce, inputs, nowMs, optionalVar(env.DEMAND_MARGIN, 1, 3));
  }
  await expectMeasured(env.DB, fleet, inputs, nowMs, speedsMode(env.SPEEDS), clockRate(env));
  await countServed(env.DB, fleet, inputs, nowMs, clockRate(env));
  await takeWaiting(env, inputs);
  if (jobs) {
    inputs.jobs = jobs;
    delete inputs.jobsFault;
    assertJobs(inputs);
  }
  const asked = { ...deploymentSettings(env), ...settings };
  if (hasBudget(asked) && asked.discloseImpacts === false) {
    throw new InvalidInputError('budgets', [
      'need the carbon and water of sites: discloseImpacts must not be false',
    ]);
  }
  const runId = crypto.randomUUID();
  const run = await coordinatorOf(env).start({
    runId,
    trigger,
    inputs,
    settings: asked,
    overrides,
    down: sitesOut,
  });
  if (jobs && run.runId !== runId) throw new RunUnderWayError();
  return run;
}
