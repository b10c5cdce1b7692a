import { describe, expect, it } from 'vitest';
import { type Job, LlmServer, type Phase } from '../../../src/sim/events/server.ts';

function job(arrivedS: number, prefillS: number, outputTokens: number): Job {
  return { arrivedS, prefillS, outputTokens, startedS: NaN, firstTokenS: NaN, finishedS: NaN };
}

/** A server with steps of 0.1 s + 0.01 s a sequence, given jobs when they come, run to the end. */
function run(jobs: Job[], batch = 8) {
  const phases: [Phase, number, number, number][] = [];
  const server = new LlmServer({
    batch,
    decodeStepS: (n) => 0.1 + 0.01 * n,
    onPhase: (phase, from, to, n) => phases.push([phase, round(from), round(to), n]),
    onFinished: () => {},
  });
  for (const next of jobs) {
    while (server.nextS <= next.arrivedS) server.advance();
    server.admit(next, next.arrivedS);
  }
  while (server.nextS < Infinity) server.advance();
  return { server, phases };
}

const round = (s: number) => Math.round(s * 1e6) / 1e6;

describe('LlmServer', () => {
  it('gives the first token with the prefill, the others one a step', () => {
    const one = job(1, 0.5, 4);
    run([one]);
    expect(one.startedS).toBe(1);
    expect(one.firstTokenS).toBe(1.5);
    expect(one.finishedS).toBeCloseTo(1.5 + 3 * 0.11, 9);
  });

  it('ends the step under way, then works on the new prompt while decoding stands still', () => {
    const first = job(0, 0.5, 11);
    const second = job(0.75, 0.4, 2);
    const { phases } = run([first, second]);
    // Steps of 0.11 s from 0.5 on: the third ends at 0.83.
    expect(second.startedS).toBeCloseTo(0.83, 9);
    expect(second.firstTokenS).toBeCloseTo(1.23, 9);
    // One step of two, then the six that the first has left.
    expect(second.finishedS).toBeCloseTo(1.35, 9);
    expect(first.finishedS).toBeCloseTo(1.35 + 6 * 0.11, 9);
    expect(phases).toEqual([
      ['prefill', 0, 0.5, 0],
      ['decode', 0.5, 0.83, 1],
      ['prefill', 0.83, 1.23, 1],
      ['decode', 1.23, 1.35, 2],
      ['decode', 1.35, 2.01, 1],
    ]);
  });

  it('takes prompts in the order they came', () => {
    const jobs = [job(0, 1, 1), job(0.1, 0.2, 1), job(0.2, 0.1, 1)];
    const { server } = run(jobs);
    expect(jobs.map((j) => round(j.firstTokenS))).toEqual([1, 1.2, 1.3]);
    expect(server.taken).toBe(0);
    expect(server.backlogS(9)).toBe(0);
    expect(server.phase).toBe('idle');
  });
});
