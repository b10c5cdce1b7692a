import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { reconstructSessions } from '../../../src/sim/events/sessions.ts';
import { readTrace, traceFigures } from '../../../src/sim/events/trace.ts';
import { folderWith } from './support.ts';

function read(...lines: string[]) {
  return readTrace(join(folderWith({ 'trace.csv': lines }), 'trace.csv'));
}

describe('readTrace', () => {
  it('reads times from the first request on, tokens, and the length with one gap more', () => {
    const trace = read('t_s,input_tokens,output_tokens', '5,100,10', '6,300,30', '9,200,20');
    expect(trace).toMatchObject({ source: 'trace.csv', durationS: 6 });
    expect([...trace.timeS]).toEqual([0, 1, 4]);
    expect([...trace.cachedTokens]).toEqual([0, 0, 0]);
    expect(trace.session).toBeUndefined();
    expect(traceFigures(trace)).toEqual({
      requests: 3,
      reqPerS: 0.5,
      meanInputTokens: 200,
      meanOutputTokens: 20,
      cachedShare: 0,
      arrivalScv: 0.25,
    });
  });

  it('reads what a prefix cache held, and leaves a token to compute', () => {
    const trace = read(
      't_s,input_tokens,output_tokens,cached_prefix_blocks,total_blocks',
      '0,1500,10,1,3',
      '1,1024,10,2,2',
    );
    expect([...trace.cachedTokens]).toEqual([512, 1023]);
    expect([...(trace.session ?? [])]).toEqual([0, 0]);
  });

  it.each([
    [['t_s,input_tokens'], 'line 1: expected a column named "output_tokens"'],
    [['t_s,input_tokens,output_tokens', '0,1,1'], 'expected at least two requests'],
    [
      ['t_s,input_tokens,output_tokens', '0,1,1', '1,x,1'],
      'line 3: input_tokens is "x", expected a number of at least 1',
    ],
    [
      ['t_s,input_tokens,output_tokens', '0,1,1', '1,1'],
      'line 3: output_tokens is "", expected a number of at least 1',
    ],
    [
      ['t_s,input_tokens,output_tokens', '2,1,1', '1,1,1'],
      'line 3: t_s is earlier than on the line before',
    ],
    [['t_s,input_tokens,output_tokens', '2,1,1', '2,1,1'], 'all requests come at once'],
  ])('refuses %j', (lines, message) => {
    expect(() => read(...lines)).toThrow(message);
  });
});

describe('reconstructSessions', () => {
  it('continues the latest conversation whose prompt was one block longer than the cached prefix', () => {
    //              A   B   A's next  B's next  new (system prompt)  no such prompt
    const cached = [0, 1, 4, 8, 1, 30];
    const total = [5, 9, 7, 12, 3, 31];
    expect([...reconstructSessions(cached, total)]).toEqual([0, 1, 0, 1, 2, 3]);
  });
});
