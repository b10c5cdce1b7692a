import { expect, test } from 'vitest';
import { Asking } from '../../src/dashboard/asking.ts';

/** Askings under way, each answered when told to. */
function played() {
  const open: { signal: AbortSignal; answer: () => void }[] = [];
  const asking = new Asking(
    (signal) => new Promise((resolve) => open.push({ signal, answer: resolve })),
  );
  const answer = async (n: number) => {
    open[n]?.answer();
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { asking, open, answer };
}

test('an answer slower than the next look is waited for, and however many looks make one more', async () => {
  const { asking, open, answer } = played();
  for (let n = 0; n < 4; n++) void asking.again();
  expect(open).toHaveLength(1);
  expect(open[0]?.signal.aborted).toBe(false);
  await answer(0);
  expect(open).toHaveLength(2);
  await answer(1);
  expect(open).toHaveLength(2);
  void asking.again();
  expect(open).toHaveLength(3);
});

test('what nobody looks at any longer is aborted, and not asked for again', async () => {
  const { asking, open, answer } = played();
  void asking.again();
  void asking.again();
  asking.end();
  expect(open[0]?.signal.aborted).toBe(true);
  await answer(0);
  void asking.again();
  expect(open).toHaveLength(1);
});
