import { InvalidInputError, parseInput } from '../core/model/errors.ts';
import { mayWait } from '../core/model/request-class.ts';
import { floorToHour } from '../core/model/time.ts';
import { hasBudget, type SettingsInput, settingsInputSchema } from '../core/optimizer/settings.ts';
import type { PlanningInputs } from '../core/planning/inputs.ts';
import { comingBack } from '../core/planning/put-off.ts';
import { readOverrides } from '../store/overrides.ts';
import { currentVersion, readPlan } from '../store/plans.ts';
import { expectCounted } from './demand.ts';
import { type Env, now, optionalVar } from './env.ts';
import { fleet } from './fleet.ts';
import { refreshInputs } from './inputs.ts';
import type { RunRecord } from './run-store.ts';

const HORIZON_SLOTS = 24;

/** There is one coordinator a deployment; the hint places it when it is first created. */
export function coordinatorOf(env: Env) {
  return env.COORDINATOR.getByName('main', { locationHint: hintOf(env) });
}

/** There is one board of sites a deployment, beside it. */
export function boardOf(env: Env) {
  return env.SITE_BOARD.getByName('main', { locationHint: hintOf(env) });
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

/** What the standing plan has put off to these hours. */
async function backOf(env: Env, inputs: PlanningInputs): Promise<Float64Array | undefined> {
  if (!fleet.classes.some(mayWait)) return undefined;
  const version = await currentVersion(env.DB);
  const plan = version === undefined ? undefined : await readPlan(env.DB, version);
  return plan && comingBack(fleet, plan, inputs);
}

/** Refreshes the inputs and asks the coordinator for a plan from the present hour on. */
export async function optimize(
  env: Env,
  trigger: string,
  settings?: SettingsInput,
  down?: string[],
): Promise<RunRecord> {
  const nowMs = now(env);
  const inputs = await refreshInputs(env.DB, fleet, floorToHour(nowMs), HORIZON_SLOTS, nowMs);
  if (env.DEMAND !== 'population') {
    await expectCounted(env.DB, fleet, inputs, nowMs, optionalVar(env.DEMAND_MARGIN, 1, 3));
  }
  inputs.backReqPerS = await backOf(env, inputs);
  const asked = { ...deploymentSettings(env), ...settings };
  if (hasBudget(asked) && asked.discloseImpacts === false) {
    throw new InvalidInputError('budgets', [
      'need the carbon and water of sites: discloseImpacts must not be false',
    ]);
  }
  return coordinatorOf(env).start({
    trigger,
    inputs,
    settings: asked,
    overrides: await readOverrides(env.DB),
    down: down ?? (await sitesDown(env)),
  });
}
