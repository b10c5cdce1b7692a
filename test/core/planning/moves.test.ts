import { expect, test } from 'vitest';
import { movesBetween } from '../../../src/core/planning/moves.ts';
import type { SlotView } from '../../../src/core/planning/view.ts';

const HOUR = 3_600_000;

/** Two sites from an hour on, with rates and costs by hour. */
function view(from: number, hours: [number, number | null][][]): SlotView[] {
  return hours.map((sites, t) => ({
    utcMs: (from + t) * HOUR,
    sites: sites.map(([reqPerS, audPerRequest]) => ({ reqPerS, audPerRequest })),
  })) as unknown as SlotView[];
}

test('means over the hours that both plans have, and no others', () => {
  const before = view(0, [
    [
      [100, 9],
      [100, 9],
    ],
    [
      [4, 1],
      [2, 3],
    ],
    [
      [6, 2],
      [2, 3],
    ],
  ]);
  const after = view(1, [
    [
      [3, 2],
      [3, null],
    ],
    [
      [5, 3],
      [3, 3],
    ],
    [
      [100, 9],
      [100, 9],
    ],
  ]);
  expect(movesBetween(before, after)).toEqual({
    slots: 2,
    sites: [
      { beforeReqPerS: 5, afterReqPerS: 4, beforeAudPerRequest: 1.5, afterAudPerRequest: 2.5 },
      { beforeReqPerS: 2, afterReqPerS: 3, beforeAudPerRequest: 3, afterAudPerRequest: null },
    ],
  });
});

test('nothing is told of plans without a common hour, or of other fleets', () => {
  const plan = view(0, [[[1, 1]]]);
  expect(movesBetween(plan, view(5, [[[1, 1]]]))).toBeUndefined();
  expect(
    movesBetween(
      plan,
      view(0, [
        [
          [1, 1],
          [2, 2],
        ],
      ]),
    ),
  ).toBeUndefined();
});
