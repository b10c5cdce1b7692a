import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { InvalidInputError } from '../core/model/errors.ts';
import { type Fleet, publicFleet } from '../core/model/fleet.ts';
import { type DispatchProblem, loadsOf } from '../core/optimizer/problem.ts';
import { hasBudget } from '../core/optimizer/settings.ts';
import { type Solution, solve } from '../core/optimizer/solve.ts';
import type { RoundReport } from '../core/optimizer/state.ts';
import { arrivalPrices } from '../core/planning/arrival-prices.ts';
import { assembleDispatch, assembleSites } from '../core/planning/assemble.ts';
import { awakeServers } from '../core/planning/awake.ts';
import { type BatchOutcome, batchOutcomes } from '../core/planning/batch-outcome.ts';
import { budgetPrices, type ShadowPrices } from '../core/planning/budget.ts';
import { type BudgetSolution, solveWithinBudgets } from '../core/planning/budget-solve.ts';
import type { PlanningInputs } from '../core/planning/inputs.ts';
import { Ledger } from '../core/planning/ledger.ts';
import { summarize } from '../core/planning/outcome.ts';
import { runMixture } from '../core/planning/plant-operation.ts';
import { limitRises, standingLoads } from '../core/planning/ramp.ts';
import type { SpanTotals } from '../core/planning/span-totals.ts';
import { plannedTraffic, type SlotTraffic } from '../core/planning/traffic.ts';
import { readJobs } from './jobs.ts';
import { failedFeeds } from './notes.ts';
import {
  amountValue,
  assertWritable,
  type FleetOptions,
  fleetOf,
  fleetOptions,
  type SolverOptions,
  solverOptions,
  wholeNumber,
} from './options.ts';
import { type InputsOptions, inputsOptions, inputsOrLive, liveOption } from './plan-inputs.ts';
import { missedBudgets, planJson, planText, roundLine } from './plan-report.ts';
import { readPrevious } from './previous.ts';
import { stderrIsTerminal } from './progress.ts';
import { bold } from './table.ts';
import { traceCsv, traceMeaning, traceRow, traceText } from './trace.ts';

interface PlanOptions extends InputsOptions, FleetOptions, SolverOptions {
  json?: true;
  trace?: true;
  traceCsv?: string;
  maxRounds?: number;
  carbonBudget?: number;
  waterBudget?: number;
  previous?: string;
  jobs?: string;
}

/** One optimization and all that is reported of it. */
export interface PlanRun {
  fleet: Fleet;
  inputs: PlanningInputs;
  /** With budgets where they were asked for. */
  solution: Solution & Partial<BudgetSolution>;
  totals: SpanTotals;
  /** Share of served requests that are served at their zone's nearest site. */
  nearestShare: number;
  /** Of each class that may wait. */
  batch: BatchOutcome[];
  /** Marginal prices of what comes, by slot. */
  marginals: ReturnType<typeof arrivalPrices>;
  /** Servers awake by slot and site. */
  awake: Float64Array[];
  /** Loads by slot and site, busy servers. */
  loads: Float64Array[];
  traffic: SlotTraffic[];
  /** Slots whose limits on rises were relaxed; empty without a previous plan. */
  rampRelaxedSlots: number[];
  /** As asked for; learned hands over to classic when it stalls, see the rounds. */
  mode: SolverOptions['mode'];
  gapTarget: number;
  rounds: RoundReport[];
  notes: string[];
}

export function registerPlan(program: Command): void {
  const command = program
    .command('plan')
    .summary('one optimization: shares by site, with a certificate')
    .description(
      'Plan the next 24 hours: which share of the traffic each site serves, and how far the plan ' +
        'can be from the optimum at most. Inputs are those embedded in the package (mean climate, ' +
        'contract tariffs, mean grid carbon), real series from a folder, or live feeds.',
    );
  const maxRounds = new Option(
    '--max-rounds <n>',
    'stop after this many rounds (default: 60)',
  ).argParser(wholeNumber(1, 1000));
  const budgets = [
    new Option(
      '--carbon-budget <kg>',
      'at most this much carbon in all the hours planned, at least cost',
    ).argParser(amountValue),
    new Option('--water-budget <litres>', 'the same of water').argParser(amountValue),
    new Option(
      '--jobs <file>',
      'JSON list of work known beforehand: [{"class","zone","requests","from","to"}], of classes that may wait',
    ),
    new Option(
      '--previous <file>',
      "an earlier plan's JSON: no site gets more than by its shares and what the registry's ramp allows",
    ),
  ];
  const options = [
    ...inputsOptions(),
    liveOption(),
    maxRounds,
    ...budgets,
    ...solverOptions(1e-3),
    ...fleetOptions(),
  ];
  for (const option of options) command.addOption(option);
  command
    .addOption(
      new Option(
        '--trace',
        'also every round: bounds, gap, residuals, who answered, who was missing and why, times',
      ),
    )
    .addOption(
      new Option('--trace-csv <file>', 'write the rounds as CSV; - for standard output only'),
    )
    .addOption(new Option('--json', 'JSON on standard output').conflicts('trace'))
    .addHelpText(
      'after',
      `
A plan that stopped short of --gap can be used and exits with 0, too; its certificate says how far
from the optimum it may be ("stopReason" and "gap" in JSON). One that misses a budget is printed, too,
and exits with 1. Where a live feed fails, others' values stand in: that is said on standard error and
above the plan, which exits with 0.

${traceMeaning}
Rounds of a deployment's plans: isotherm runs.

Examples:
  isotherm plan
  isotherm plan --at 2026-07-01T00:00Z --mode classic --trace
  isotherm plan --data ../shared/data --at 2022-01-24 --tariff spot
  isotherm plan --live
  isotherm plan --carbon-budget 2300
  isotherm plan --json | jq '.sites[] | {site, share}'`,
    )
    .action(async (options: PlanOptions) => {
      if (options.traceCsv === '-' && options.json) {
        throw new InvalidInputError('--trace-csv', ['"-" and --json both ask for standard output']);
      }
      const { traceCsv: file } = options;
      if (file !== undefined && file !== '-') assertWritable(file, '--trace-csv');
      const run = planned(await inputsOrLive(await fleetOf(options), options), options);
      const rows = run.rounds.map(traceRow);
      if (file === '-') {
        process.stdout.write(traceCsv(rows));
      } else {
        if (file !== undefined) writeFileSync(file, traceCsv(rows));
        process.stdout.write(
          options.json
            ? `${JSON.stringify(planJson(run), null, 2)}\n`
            : planText(run) + (options.trace ? `\n${bold('Rounds')}\n${traceText(rows)}\n` : ''),
        );
      }
      for (const text of failedFeeds(run.fleet, run.inputs)) {
        process.stderr.write(`isotherm: a live feed failed, so that ${text}\n`);
      }
      const missed = missedBudgets(run);
      if (missed.length > 0) throw new Error(missed.join('; '));
    });
}

function planned(
  { fleet, inputs, notes }: Pick<PlanRun, 'fleet' | 'inputs' | 'notes'>,
  options: PlanOptions,
): PlanRun {
  const jobs = options.jobs === undefined ? [] : readJobs(options.jobs, fleet, inputs);
  const problem = assembleDispatch(publicFleet(fleet), inputs, inputs.demandReqPerS, jobs);
  const rampRelaxedSlots = limited(problem, fleet, inputs, options.previous);
  const rounds: RoundReport[] = [];
  const settings = {
    mode: options.mode,
    gapTarget: options.gap,
    maxRounds: options.maxRounds,
    budgets: { carbonKg: options.carbonBudget, waterL: options.waterBudget },
  };
  const onRound = (round: RoundReport) => {
    rounds.push(round);
    if (stderrIsTerminal()) process.stderr.write(`${roundLine(round)}\n`);
  };
  const nowMs = () => performance.now();
  const sitesAt = (shadow: ShadowPrices) =>
    assembleSites({ ...fleet, prices: budgetPrices(fleet.prices, shadow) }, inputs);
  const solution: Solution & Partial<BudgetSolution> = hasBudget(settings)
    ? solveWithinBudgets(problem, sitesAt, settings, onRound, nowMs)
    : solve(problem, assembleSites(fleet, inputs), settings, onRound, undefined, nowMs);
  const ledger = new Ledger(fleet);
  const operated = solution.parts && runMixture(fleet, problem, inputs, solution.parts);
  ledger.add(problem, inputs, solution.flow, solution.unserved, operated);
  return {
    fleet,
    inputs,
    solution,
    totals: ledger.totals(),
    nearestShare: summarize(publicFleet(fleet), problem, inputs, solution.flow, solution.unserved)
      .nearestShare,
    batch: batchOutcomes(
      publicFleet(fleet),
      problem,
      inputs.slotHours,
      solution.flow,
      solution.unserved,
    ),
    marginals: arrivalPrices(publicFleet(fleet), inputs, solution),
    awake: awakeServers(fleet, problem, inputs, solution.flow),
    loads: solution.flow.map((flow) => loadsOf(problem, flow)),
    traffic: plannedTraffic(publicFleet(fleet), inputs, problem, solution.flow).slots,
    rampRelaxedSlots,
    mode: options.mode,
    gapTarget: options.gap,
    rounds,
    notes,
  };
}

/** Puts limits on rises over an earlier plan on a problem; returns the slots where they had to give. */
function limited(
  problem: DispatchProblem,
  fleet: Fleet,
  inputs: PlanningInputs,
  file: string | undefined,
): number[] {
  if (file === undefined) return [];
  if (!fleet.ramp) {
    throw new InvalidInputError('--previous', [
      'the registry limits no rises: it has no ramp.maxRisePerPlan',
    ]);
  }
  const open = publicFleet(fleet);
  const standing = standingLoads(problem, open, inputs, readPrevious(file));
  return limitRises(problem, open, standing);
}
