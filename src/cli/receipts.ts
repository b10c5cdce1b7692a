import { type Command, Option } from 'commander';
import { adminOf, type DeploymentOptions, withDeployment } from './deployment.ts';
import { commonDigits, decimal } from './format.ts';
import { instantMs } from './options.ts';
import { type Column, table } from './table.ts';

interface ReceiptsOptions extends DeploymentOptions {
  from?: string;
  to?: string;
  key?: string;
  by: string;
  format: 'table' | 'json' | 'csv';
}

export function registerReceipts(program: Command): void {
  withDeployment(program.command('receipts'))
    .summary('what requests took: energy, carbon, water, money')
    .description(
      'Receipts of a deployment, summed: exact, as of what is booked. Columns called nearest are what ' +
        'the nearest site would have taken for the same requests; ttft is the mean time to first byte of ' +
        'all that have one. Compare the nearest ms with the column before it, which is of the same ' +
        'requests, where the nearest time is known; embeddings and some others know none.',
    )
    .option('--from <time>', 'hours from here on (default: a day before --to)')
    .option('--to <time>', 'hours before this (default: now)')
    .option('--key <id>', 'of this key alone')
    .option('--by <list>', 'what to sum by, of key, model, zone, site, day and hour', 'site')
    .addOption(
      new Option('--format <format>', 'how to print them')
        .choices(['table', 'json', 'csv'])
        .default('table'),
    )
    .addHelpText(
      'after',
      `
Examples:
  isotherm receipts --url https://llm.example --by key,site
  isotherm receipts --url https://llm.example --from 2026-11-01 --format csv > november.csv`,
    )
    .action(async (options: ReceiptsOptions) => {
      const { from, to, key, by, format } = options;
      const asked = new URLSearchParams({ by, format: format === 'csv' ? 'csv' : 'json' });
      const hours = { from, to };
      for (const [name, text] of Object.entries(hours)) {
        if (text !== undefined)
          asked.set(name, new Date(instantMs(text, `--${name}`)).toISOString());
      }
      if (key !== undefined) asked.set('key', key);
      const text = await adminOf(options).usage(asked);
      process.stdout.write(format === 'table' ? `${usageTable(text)}\n` : text);
    });
}

type Sums = Record<string, string | number | null>;

/** With the unit of small sums, a thousandth, where there is one. */
const figures: [name: string, header: [string, string], small?: string][] = [
  ['requests', ['requests', '']],
  ['promptTokens', ['prompt', 'tokens']],
  ['completionTokens', ['completion', 'tokens']],
  ['energyKwh', ['energy', 'kWh'], 'Wh'],
  ['carbonKg', ['carbon', 'kg'], 'g'],
  ['waterL', ['water', 'L'], 'mL'],
  ['costAud', ['cost', 'AUD']],
  ['nearestCarbonKg', ['nearest', 'kg'], 'g'],
  ['nearestWaterL', ['nearest', 'L'], 'mL'],
  ['ttftMeanMs', ['ttft', 'ms']],
  ['comparedTtftMeanMs', ['where both', 'known, ms']],
  ['nearestTtftMeanMs', ['nearest', 'ms']],
];

function usageTable(json: string): string {
  const { by, usage } = JSON.parse(json) as { by: string[]; usage: Sums[] };
  const shown = figures.map(([name, [title, unit], small]) => {
    const largest = Math.max(...usage.map((sums) => Math.abs(Number(sums[name]))));
    const isSmall = small !== undefined && largest > 0 && largest < 0.1;
    const values = usage.map((sums) => Number(sums[name]) * (isSmall ? 1000 : 1));
    const isWhole = unit === 'ms' || values.every(Number.isInteger);
    const digits = isWhole ? 0 : digitsOf(values);
    return { name, header: [title, isSmall ? small : unit], digits, values };
  });
  const isKnown = (sums: Sums, name: string) =>
    sums[name] !== null && (name !== 'costAud' || Number(sums.unpriced) < Number(sums.requests));
  const columns: Column[] = [
    ...by.map((name): Column => ({ header: [name, ''], align: 'left' })),
    ...shown.map(({ header }): Column => ({ header })),
  ];
  const rows = usage.map((sums, n) => [
    ...by.map((name) => String(sums[name])),
    ...shown.map(({ name, values, digits }) =>
      isKnown(sums, name) ? decimal(values[n] as number, digits) : 'unknown',
    ),
  ]);
  return rows.length > 0 ? table(columns, rows) : 'No receipts in these hours.';
}

/** Two more than plans show, and so many that the largest has three significant ones. */
function digitsOf(values: readonly number[]): number {
  const largest = Math.max(...values.map(Math.abs));
  return Math.max(commonDigits(values) + 2, Math.min(9, 2 - Math.floor(Math.log10(largest))));
}
