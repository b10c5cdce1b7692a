import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import config from '../../config/fleet.json' with { type: 'json' };
import { folderWith, traceLines } from '../sim/events/support.ts';
import { inProcess } from './support/run.ts';

vi.setConfig({ testTimeout: 60_000 });

const data = folderWith({
  'llm_azure2023_conv.csv': traceLines(1, 1155, 211),
  'llm_azure2023_code.csv': traceLines(2, 2048, 28),
  'cached.csv': [
    't_s,input_tokens,output_tokens,cached_prefix_blocks,total_blocks',
    ...Array.from(
      { length: 60 },
      (_, n) => `${n},${700 + 600 * (n % 3)},50,${n % 3},${2 + (n % 3)}`,
    ),
  ],
});
const base = ['replay', '--data', data, '--at', '2026-01-15T00:00Z', '--warm-up', '1'];
const small = ['--demand', '0.02'];

describe('isotherm replay', () => {
  it('sets the model beside the simulation, in JSON', async () => {
    const { code, stdout, stderr } = await inProcess([...base, ...small, '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      schemaVersion: 1,
      fleet: 'australia-14',
      span: { fromUtc: '2026-01-15T00:00:00.000Z', hours: 1 },
      options: { policy: 'isotherm', arrivals: 'superposed', seed: 1, demandFactor: 0.02 },
    });
    expect(report.requests.finished).toBe(report.requests.arrived);
    expect(report.comparison.map((c: { quantity: string }) => c.quantity)).toEqual([
      'utilisation',
      'IT energy',
      'facility energy',
      ...['chat', 'code'].flatMap((c) =>
        ['TTFT mean', 'TTFT p50', 'TTFT p95', 'TTFT p99', 'over SLO'].map((q) => `${c} ${q}`),
      ),
    ]);
    for (const { quantity, forecast, simulated, error } of report.comparison) {
      if (quantity.endsWith('over SLO')) {
        expect(error).toBeCloseTo((forecast - simulated) / 100, 9);
      } else {
        expect(simulated).toBeGreaterThan(0);
        expect(error).toBeCloseTo(forecast / simulated - 1, 9);
      }
    }
  });

  it('prints tables and says how far the model is off', async () => {
    const args = [...base, ...small, '--tolerance', '0.5'];
    const { code, stdout } = await inProcess(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Replay of [\d,]+ requests .* plan by isotherm/);
    expect(stdout).toMatch(/^chat TTFT p95 .* ms /m);
    expect(stdout).toMatch(/The model is off by more than 0.5 %/);
    expect((await inProcess(args)).stdout).toBe(stdout);
  });

  it('takes a trace with cached prefixes and an SLO of its own', async () => {
    const own = ['--trace', 'chat=cached.csv', '--slo', 'chat=3000', '--json'];
    const { stdout } = await inProcess([...base, ...small, ...own]);
    const report = JSON.parse(stdout);
    expect(report.traces[0]).toMatchObject({ class: 'chat', source: 'cached.csv', requests: 60 });
    expect(report.requests.cachedTokens).toBeGreaterThan(0);
    expect(report.requests.reusedTokens).toBeGreaterThan(0);
    expect(report.requests.reusedTokens).toBeLessThanOrEqual(report.requests.cachedTokens);
  });

  /** The embedded registry, with code as work that may wait. */
  function registryWithBatch(): string {
    const classes = config.classes.map(({ ttftSloMs, ...cls }) =>
      cls.id === 'code' ? { ...cls, maxDelayHours: 6 } : { ...cls, ttftSloMs },
    );
    const text = JSON.stringify({ ...config, classes });
    return join(folderWith({ 'fleet.json': [text] }), 'fleet.json');
  }

  it('puts off what may wait as the plan has it, and says what that came to', async () => {
    const own = ['--fleet', registryWithBatch(), '--at', '2026-01-15T09:00Z', '--hours', '4'];
    const { stdout, code } = await inProcess([...base, ...small, ...own, '--json']);
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    const quantities = report.comparison.map((c: { quantity: string }) => c.quantity);
    expect(quantities).toEqual(expect.arrayContaining(['put off', 'mean delay', 'chat TTFT p95']));
    expect(quantities.join()).not.toContain('code');
    expect(report.model.waiting.movedShare).toBeGreaterThan(0);
    expect(report.notes.join()).toContain('code may wait: all clients give leave');
    expect(report.requests.finished).toBe(report.requests.arrived);
  });

  it.each([
    [['--trace', 'chat=none.csv'], `has no file "none.csv" (class "chat")`],
    [['--trace', 'speech=x.csv'], '--trace: "speech" is no class of australia-14'],
    [['--trace', 'chat'], 'Expected class=value'],
    [['--slo', 'chat=soon'], '--slo: "chat=soon", expected ms above 0'],
    [['--slo', 'chat=5'], 'no site can answer class "chat" within 5 ms'],
    [['--arrivals', 'steady'], 'Allowed choices are superposed, stretched, poisson'],
    [['--hours', '0'], 'Expected a whole number from 1 to 24'],
  ])('refuses %j', async (args, message) => {
    const { code, stderr, stdout } = await inProcess([...base, ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});
