import { describe, expect, it } from 'vitest';
import { csvRows } from '../../src/cli/init/csv-rows.ts';
import { traceCsv, traceRow, traceText } from '../../src/cli/trace.ts';
import { roundTiming } from '../../src/core/optimizer/round-timing.ts';
import type { RoundReport } from '../../src/core/optimizer/state.ts';

const reason = 'status 503: "busy", ask later';

/** A round in which perth is missing; darwin is out and was not asked. */
function holed(): RoundReport {
  const sites = ['sydney', 'darwin', 'perth'].map((id) => ({ id }));
  return {
    round: 1,
    mode: 'learned',
    answered: 1,
    missing: [{ site: 'perth', reason }],
    excluded: [],
    ...roundTiming(sites, [12.5, undefined, 40], 55),
  };
}

describe('a round’s trace', () => {
  it('names who answered, who did not and why, and the slowest', () => {
    const text = traceText([traceRow(holed())])
      .split('\n')
      .at(-1);
    expect(text).toMatch(/^ +1 +learned( +–){6} +1 +55 +40\.0 +perth +perth: status 503: /);
  });

  it('is CSV that reads back, whatever a solver said', () => {
    const csv = traceCsv([traceRow(holed())]);
    const columns = (csv.split('\n')[0] as string).split(',');
    expect(csvRows(csv, 'trace', columns).map((row) => row.cells)).toEqual([
      {
        round: '1',
        mode: 'learned',
        answered: '1',
        missing: `perth: ${reason}`,
        wallMs: '55',
        slowestMs: '40',
        slowestSite: 'perth',
        siteMs: 'sydney: 12.5',
      },
    ]);
  });

  it('of a version that kept neither reasons nor times can be shown', () => {
    const old = { round: 1, mode: 'learned', answered: 1, missing: ['perth'] } as const;
    expect(traceText([{ ...old, missing: [...old.missing] }])).toMatch(/– +perth$/);
  });

  it('has the first as slowest where nobody took any time', () => {
    const timing = roundTiming([{ id: 'a' }, { id: 'b' }], [0, 0], 0);
    expect(timing).toEqual({ wallMs: 0, slowestMs: 0, slowestSite: 'a', siteMs: { a: 0, b: 0 } });
  });
});
