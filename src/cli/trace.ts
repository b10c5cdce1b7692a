import type { RoundReport } from '../core/optimizer/state.ts';
import { type TraceRound, traceRound } from '../core/planning/plan.ts';
import { decimal, gapPercent } from './format.ts';
import { table } from './table.ts';

const columns: [keyof TraceRound, string[]][] = [
  ['round', ['round', '']],
  ['mode', ['mode', '']],
  ['objectiveAud', ['objective', 'AUD']],
  ['lowerBoundAud', ['lower bound', 'AUD']],
  ['gap', ['gap', '']],
  ['primalResidual', ['primal', 'residual']],
  ['dualResidual', ['dual', 'residual']],
  ['penalty', ['median ρ', 'AUD/(req/s)²']],
  ['answered', ['sites', 'answered']],
  ['missing', ['missing', '']],
];

/** The rounds as a table; residuals are relative, see docs/algorithm.md. */
export function traceText(rounds: readonly RoundReport[]): string {
  const cell = (name: keyof TraceRound, round: TraceRound): string => {
    const value = round[name];
    if (value === undefined) return '–';
    if (Array.isArray(value)) return value.join(' ');
    if (typeof value === 'string') return value;
    if (name === 'gap') return gapPercent(value);
    if (name === 'objectiveAud' || name === 'lowerBoundAud') return decimal(value, 2);
    return Number.isInteger(value) ? `${value}` : value.toExponential(1);
  };
  return table(
    columns.map(([name, header]) => ({
      header,
      align: name === 'mode' || name === 'missing' ? 'left' : 'right',
    })),
    rounds.map(traceRound).map((round) => columns.map(([name]) => cell(name, round))),
  );
}

/** The same with all digits; missing sites are separated by spaces. */
export function traceCsv(rounds: readonly RoundReport[]): string {
  const lines = rounds.map(traceRound).map((round) => {
    return columns
      .map(([name]) => {
        const value = round[name];
        return Array.isArray(value) ? value.join(' ') : `${value ?? ''}`;
      })
      .join(',');
  });
  return `${[columns.map(([name]) => name).join(','), ...lines].join('\n')}\n`;
}
