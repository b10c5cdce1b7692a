import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { InvalidInputError } from '../core/model/errors.ts';
import { type Fleet, type ObjectivePrices, publicFleet } from '../core/model/fleet.ts';
import { solve } from '../core/optimizer/solve.ts';
import { assembleDispatch, assembleSites } from '../core/planning/assemble.ts';
import type { PlanningInputs } from '../core/planning/inputs.ts';
import { Ledger } from '../core/planning/ledger.ts';
import { keepBudget, paretoFront } from '../core/planning/pareto.ts';
import type { SpanTotals } from '../core/planning/span-totals.ts';
import { decimal } from './format.ts';
import {
  amountValue,
  assertWritable,
  type FleetOptions,
  fleetOf,
  fleetOptions,
  wholeNumber,
} from './options.ts';
import { axes, type Front, type FrontRow, frontJson, frontText } from './pareto-report.ts';
import { frontSvg } from './pareto-svg.ts';
import { type InputsOptions, inputsOf, inputsOptions } from './plan-inputs.ts';
import { startProgress } from './progress.ts';

interface ParetoOptions extends InputsOptions, FleetOptions {
  x: keyof typeof axes;
  y: 'cost';
  points: number;
  atMost?: number;
  svg?: string;
  json?: true;
}

/** Certified gap of each point; far below what tells two points apart. */
const GAP = 1e-5;
/** How near the least cost within a budget is sought, relative. */
const BUDGET_PRECISION = 1e-3;

export function registerPareto(program: Command): void {
  const command = program
    .command('pareto')
    .summary('what less carbon, water or waiting costs: a certified front')
    .description(
      'Plan the same day at many prices of one quantity, and show what less of it costs in all ' +
        'else. Every point is a plan; the bounds of all points together say how far below the ' +
        'front no plan can lie.',
    )
    .addOption(
      new Option('--x <quantity>', 'what is to be less')
        .choices(Object.keys(axes))
        .default('carbon'),
    )
    .addOption(
      new Option('--y <quantity>', 'cost: all else of the objective, at its prices')
        .choices(['cost'])
        .default('cost'),
    )
    .addOption(
      new Option('--points <n>', 'plans to make beside that of the registry’s price, 2 to 50')
        .argParser(wholeNumber(2, 50))
        .default(9),
    )
    .addOption(
      new Option(
        '--at-most <x>',
        'also the least cost with no more than this of it (kg, L or user-hours), and its shadow price',
      ).argParser(amountValue),
    );
  for (const option of [...inputsOptions(), ...fleetOptions()]) command.addOption(option);
  command
    .addOption(new Option('--svg <file>', 'also draw the front'))
    .addOption(new Option('--json', 'JSON on standard output'))
    .addHelpText(
      'after',
      `
Examples:
  isotherm pareto
  isotherm pareto --x water --points 5
  isotherm pareto --x carbon --at-most 2300
  isotherm pareto --x carbon --data ../shared/data --at 2022-01-24 --svg front.svg`,
    )
    .action(async (options: ParetoOptions) => {
      if (options.svg !== undefined) assertWritable(options.svg, '--svg');
      const front = frontOf(await fleetOf(options), options);
      if (options.svg !== undefined) writeFileSync(options.svg, frontSvg(front));
      process.stdout.write(
        options.json ? `${JSON.stringify(frontJson(front), null, 2)}\n` : frontText(front),
      );
    });
}

function frontOf(whole: Fleet, options: ParetoOptions): Front {
  const { fleet, inputs, notes } = inputsOf(whole, options);
  const axis = axes[options.x];
  const own = fleet.prices[axis.price] / axis.unitsPerPriced;
  /** Plans by price: front, budget and present price share what they have in common. */
  const plans = new Map<number, FrontRow>();
  const progress = startProgress(false);
  const evaluate = (price: number): FrontRow => {
    const known = plans.get(price);
    if (known) return known;
    const { totals, lowerBoundAud, gap } = optimum(fleet, inputs, {
      ...fleet.prices,
      [axis.price]: price * axis.unitsPerPriced,
    });
    const x = axis.value(totals);
    const y = totals.objectiveAud - price * x;
    const row = { price, x, y, lowerBound: lowerBoundAud, gap, totals };
    plans.set(price, row);
    progress.update(axis.name, Math.min(1, plans.size / options.points));
    return row;
  };
  const highest = axis.highest / axis.unitsPerPriced;
  const front = paretoFront(evaluate, highest, options.points);
  // The registry's own price is a row of its own, since that is where the operator stands.
  const present = evaluate(own);
  const prices = new Set([...front.map((p) => p.price), own]);
  const budget =
    options.atMost === undefined ? undefined : budgetOf(evaluate, options.atMost, highest, axis);
  progress.done();
  return {
    fleet,
    inputs,
    notes,
    axis: options.x,
    rows: [...prices].sort((a, b) => a - b).map(evaluate),
    present,
    budget,
  };
}

function budgetOf(
  evaluate: (price: number) => FrontRow,
  limit: number,
  highest: number,
  axis: (typeof axes)[keyof typeof axes],
): Front['budget'] {
  const kept = keepBudget(evaluate, limit, highest, BUDGET_PRECISION);
  if (kept === undefined) {
    throw new InvalidInputError('--at-most', [
      `no plan found keeps ${decimal(limit, 0)} ${axis.unit}; even at ${decimal(axis.highest, 0)} ${axis.priceUnit} it comes to ${decimal(evaluate(highest).x, 2)}`,
    ]);
  }
  return { limit, row: evaluate(kept.point.price), leastY: kept.leastY };
}

function optimum(
  fleet: Fleet,
  inputs: PlanningInputs,
  prices: ObjectivePrices,
): { totals: SpanTotals; lowerBoundAud: number; gap: number } {
  const priced: Fleet = { ...fleet, prices };
  const problem = assembleDispatch(publicFleet(priced), inputs, inputs.demandReqPerS);
  const sites = assembleSites(priced, inputs);
  const { flow, unserved, certificate } = solve(problem, sites, { mode: 'supply', gapTarget: GAP });
  const ledger = new Ledger(priced);
  ledger.add(problem, inputs, flow, unserved);
  const { lowerBoundAud, gap } = certificate;
  return { totals: ledger.totals(), lowerBoundAud, gap };
}
