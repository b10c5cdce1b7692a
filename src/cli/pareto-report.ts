import type { Fleet, ObjectivePrices } from '../core/model/fleet.ts';
import { KG_PER_TONNE, L_PER_KL } from '../core/model/units.ts';
import type { PlanningInputs } from '../core/planning/inputs.ts';
import { leastY, roomBelow } from '../core/planning/pareto.ts';
import type { SpanTotals } from '../core/planning/span-totals.ts';
import { about, count, decimal, gapPercent, signed, utc } from './format.ts';
import { bold, bullets, table, wrap } from './table.ts';

interface Axis {
  name: string;
  unit: string;
  /** The objective's price of it, its unit, and how many units of x it is for. */
  price: keyof ObjectivePrices;
  priceUnit: string;
  unitsPerPriced: number;
  /** Price at which hardly anything else counts. */
  highest: number;
  value: (totals: SpanTotals) => number;
}

export const axes: Record<'carbon' | 'water' | 'ttft', Axis> = {
  carbon: {
    name: 'carbon',
    unit: 'kg CO2e',
    price: 'carbonAudPerT',
    priceUnit: 'AUD/t',
    unitsPerPriced: KG_PER_TONNE,
    highest: 50_000,
    value: (t) => t.carbonKg,
  },
  water: {
    name: 'water',
    unit: 'L',
    price: 'waterAudPerKl',
    priceUnit: 'AUD/kL',
    unitsPerPriced: L_PER_KL,
    highest: 20_000,
    value: (t) => t.waterL,
  },
  ttft: {
    name: 'time to first token',
    unit: 'user-hours',
    price: 'timeAudPerUserHour',
    priceUnit: 'AUD/user-hour',
    unitsPerPriced: 1,
    highest: 50,
    value: (t) => t.userHours,
  },
};

export interface FrontRow {
  /** AUD per unit of x. */
  price: number;
  x: number;
  /** All else of the objective, AUD. */
  y: number;
  lowerBound: number;
  gap: number;
  totals: SpanTotals;
}

export interface Front {
  fleet: Fleet;
  inputs: PlanningInputs;
  notes: string[];
  axis: keyof typeof axes;
  /** From least cost to least x, the present plan among them. */
  rows: FrontRow[];
  /** The plan at the registry's own price. */
  present: FrontRow;
  /** The least cost with no more than `limit` of x, and what no such plan can cost less than. */
  budget?: { limit: number; row: FrontRow; leastY: number };
}

export function frontText(front: Front): string {
  const { fleet, inputs, rows, present, notes } = front;
  const axis = axes[front.axis];
  const right = 'right' as const;
  const columns = [
    { header: ['', ''] },
    { header: ['price', axis.priceUnit], align: right },
    { header: [axis.name, axis.unit], align: right },
    { header: ['', 'against now, %'], align: right },
    { header: ['all else', 'AUD'], align: right },
    { header: ['', 'against now, %'], align: right },
    { header: ['energy', 'AUD'], align: right },
    { header: ['TTFT mean', 'ms'], align: right },
    { header: ['room below,', 'to the next, %'], align: right },
  ];
  const line = (row: FrontRow, n: number) => [
    row === present ? 'now' : '',
    priceText(row, axis),
    decimal(row.x, 0),
    signed(100 * (row.x / present.x - 1)),
    decimal(row.y, 2),
    signed(100 * (row.y / present.y - 1)),
    decimal(row.totals.energyCostAud, 2),
    decimal(row.totals.ttftMeanMs, 1),
    room(rows, n),
  ];
  const lines = [
    bold(
      `${axis.name} against cost, ${fleet.name}: ${count(inputs.slotCount, 'hour')} from ${utc(inputs.startUtcMs)}`,
    ),
    '',
    table(columns, rows.map(line)),
    '',
    wrap(
      `Now is the registry's price of ${decimal(present.price * axis.unitsPerPriced, 2)} ${axis.priceUnit}: ` +
        `${decimal(present.x, 0)} ${axis.unit} at ${decimal(present.y, 2)} AUD of all else.`,
    ),
    wrap(
      'All else is the objective without its price of this quantity: energy, and the other quantities at their prices. ' +
        'Mixtures of two neighbouring plans lie on the line between them or below; the last column says how far below, at most, by the bounds of all rows.',
    ),
    wrap(
      `Every row is a plan, proven within ${gapPercent(Math.max(...rows.map((r) => r.gap)))} of the optimum at its price.`,
    ),
  ];
  if (front.budget) lines.push('', ...budgetLines(front.budget, present, axis));
  if (notes.length > 0) lines.push('', bold('Notes'), bullets(notes));
  return `${lines.join('\n')}\n`;
}

function budgetLines(
  budget: NonNullable<Front['budget']>,
  present: FrontRow,
  axis: Axis,
): string[] {
  const { limit, row, leastY: least } = budget;
  return [
    bold(`At most ${decimal(limit, 0)} ${axis.unit}`),
    wrap(
      `${decimal(row.y, 2)} AUD of all else (${signed(100 * (row.y / present.y - 1))} % against now) with ${decimal(row.x, 0)} ${axis.unit}; ` +
        `no plan within the budget costs less than ${decimal(least, 2)} AUD.`,
    ),
    wrap(
      row.price > 0
        ? `Shadow price ${about(row.price * axis.unitsPerPriced)} ${axis.priceUnit}: what a little less costs there. In the registry it would keep about this budget on this day; another day has another.`
        : 'The budget does not bind: its shadow price is zero.',
    ),
  ];
}

/** μ in the unit of the registry's price. */
function priceText(row: FrontRow, axis: Axis): string {
  const price = row.price * axis.unitsPerPriced;
  return decimal(price, price < 100 ? 2 : 0);
}

/** Between a row and the next, percent of its y. */
function room(rows: FrontRow[], n: number): string {
  const [a, b] = [rows[n], rows[n + 1]];
  if (!a || !b) return '–';
  return decimal((100 * roomBelow(rows, a, b)) / Math.abs(a.y), 2);
}

export function frontJson(front: Front) {
  const axis = axes[front.axis];
  const row = (r: FrontRow) => ({
    isPresent: r === front.present,
    price: r.price * axis.unitsPerPriced,
    x: r.x,
    costAud: r.y,
    leastCostAud: leastY(front.rows, r.x),
    lowerBoundAud: r.lowerBound,
    gap: r.gap,
    energyCostAud: r.totals.energyCostAud,
    carbonKg: r.totals.carbonKg,
    waterL: r.totals.waterL,
    ttftMeanMs: r.totals.ttftMeanMs,
    unservedRequests: r.totals.unservedRequests,
  });
  return {
    schemaVersion: 1,
    fleet: front.fleet.name,
    startUtc: new Date(front.inputs.startUtcMs).toISOString(),
    slots: front.inputs.slotCount,
    x: { quantity: front.axis, unit: axis.unit, priceUnit: axis.priceUnit },
    y: { quantity: 'cost', unit: 'AUD' },
    points: front.rows.map(row),
    present: row(front.present),
    budget: front.budget && {
      limit: front.budget.limit,
      shadowPrice: front.budget.row.price * axis.unitsPerPriced,
      leastCostAud: front.budget.leastY,
      plan: { ...row(front.budget.row), leastCostAud: front.budget.leastY },
    },
    notes: front.notes,
  };
}
