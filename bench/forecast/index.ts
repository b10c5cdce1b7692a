import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { table } from '../../src/cli/table.ts';
import { emptySeries, forecast, HOURS_OF_WEEK, observe } from '../../src/core/forecast/series.ts';
import { MS_PER_HOUR } from '../../src/core/model/units.ts';

/** Hourly counts; NaN where the source has none. */
interface Trace {
  name: string;
  counts: number[];
  /** Hours that constants were chosen on, and those that only score them. */
  tuned?: [number, number];
  scored: [number, number];
}

const LEADS_H = [1, 3, 6, 12, 24];
/** What no trace knows of: any prior would do, the scale is found. */
const PRIOR_REQUESTS = 1000;
const HALF_YEAR_H = 4344;

export function registerForecast(program: Command): void {
  program
    .command('forecast')
    .description(
      "Errors of the demand forecast beside those of repeating the last hour, the day before and the week before, by lead, on traces. Percent of what came: Σ|forecast − count| / Σcount. Traces: two of ServeGen's, two weeks at 10 minutes; demand for electricity, a year by hour, for seasons that requests of two weeks do not show.",
    )
    .requiredOption('--data <dir>', 'folder with the traces')
    .action(({ data }: { data: string }) => {
      for (const part of ['tuned', 'scored'] as const) {
        const rows = traces(data).flatMap((trace) => scores(trace, part));
        process.stdout.write(`${part === 'tuned' ? 'Tuned on' : 'Scored on'}\n`);
        process.stdout.write(`${table(columns, rows)}\n\n`);
      }
    });
}

const columns = [
  { header: ['trace'], align: 'left' as const },
  ...[
    ['lead', 'h'],
    ['forecast', '%'],
    ['last hour', '%'],
    ['day before', '%'],
    ['week before', '%'],
    ['bias', '%'],
    ['in band', '%'],
    ['band', '± %'],
  ].map((header) => ({ header })),
];

function traces(dir: string): Trace[] {
  const week = HOURS_OF_WEEK;
  return [
    ...['small', 'mid'].map((size): Trace => {
      const rates = columnOf(join(dir, `llm_servegen_language_m_${size}_10min.csv`), 'req_per_s');
      const counts = Array.from({ length: rates.length / 6 }, (_, h) =>
        rates.slice(6 * h, 6 * h + 6).reduce((sum, x) => sum + 600 * x, 0),
      );
      return { name: `servegen ${size}`, counts, tuned: [48, week], scored: [week, 2 * week] };
    }),
    ...['NSW', 'SA', 'QLD', 'TAS', 'VIC'].map((region): Trace => {
      const counts = columnOf(join(dir, 'nem_price_demand_2022_hourly.csv'), `${region}_demand_mw`);
      const isTuned = region === 'NSW' || region === 'SA';
      return {
        name: `electricity ${region}`,
        counts,
        ...(isTuned && { tuned: [4 * week, HALF_YEAR_H] as [number, number] }),
        scored: [HALF_YEAR_H, counts.length],
      };
    }),
  ];
}

function columnOf(path: string, name: string): number[] {
  const [head = '', ...lines] = readFileSync(path, 'utf8').trim().split('\n');
  const at = head.split(',').indexOf(name);
  if (at < 0) throw new RangeError(`${path}: no column ${name}`);
  return lines.map((line) => {
    const cell = line.split(',')[at];
    return cell ? Number(cell) : Number.NaN;
  });
}

function scores({ name, counts, ...parts }: Trace, part: 'tuned' | 'scored'): string[][] {
  const span = parts[part];
  if (span === undefined) return [];
  const sums = LEADS_H.map(() => ({ came: 0, ours: 0, bias: 0, inside: 0, width: 0, hours: 0 }));
  const naive = LEADS_H.map(() => [0, 0, 0]);
  let state = emptySeries();
  const hourOf = (h: number) => ({
    utcMs: h * MS_PER_HOUR,
    hourOfWeek: h % HOURS_OF_WEEK,
    priorRequests: PRIOR_REQUESTS,
  });
  for (let o = 0; o < span[1]; o++) {
    state = observe(state, hourOf(o), counts[o] as number);
    LEADS_H.forEach((lead, n) => {
      const h = o + lead;
      const count = counts[h] as number;
      if (h < span[0] || h >= span[1] || Number.isNaN(count)) return;
      const f = forecast(state, hourOf(h));
      const sum = sums[n] as (typeof sums)[number];
      sum.came += count;
      sum.ours += Math.abs(f.requests - count);
      sum.bias += f.requests - count;
      sum.inside += count >= f.low && count <= f.high ? 1 : 0;
      sum.width += (f.high - f.low) / 2 / f.requests;
      sum.hours++;
      [o, h - 24, h - HOURS_OF_WEEK].forEach((from, k) => {
        const repeated = counts[from] ?? Number.NaN;
        const errors = naive[n] as number[];
        errors[k] = (errors[k] as number) + Math.abs(repeated - count);
      });
    });
  }
  return LEADS_H.map((lead, n) => {
    const { came, ours, bias, inside, width, hours } = sums[n] as (typeof sums)[number];
    const percent = (x: number) => (Number.isNaN(x) ? '–' : (100 * x).toFixed(1));
    return [
      n === 0 ? name : '',
      String(lead),
      percent(ours / came),
      ...(naive[n] as number[]).map((x) => percent(x / came)),
      percent(bias / came),
      percent(inside / hours),
      percent(width / hours),
    ];
  });
}
