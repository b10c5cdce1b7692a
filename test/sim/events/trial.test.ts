import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import config from '../../../config/fleet.json' with { type: 'json' };
import { fleetSchema, publicFleet } from '../../../src/core/model/fleet.ts';
import { policies } from '../../../src/core/planning/policies/index.ts';
import { embeddedInputs } from '../../../src/feeds/embedded/index.ts';
import { arrivalKinds } from '../../../src/sim/events/arrivals.ts';
import { readTrace } from '../../../src/sim/events/trace.ts';
import { type TrialOptions, trial, withTraceTokens } from '../../../src/sim/events/trial.ts';
import { fleetWithDigest } from '../../core/support/fleets.ts';
import { folderWith, traceLines } from './support.ts';

const dir = folderWith({
  'chat.csv': traceLines(1, 1155, 211),
  'code.csv': traceLines(2, 2048, 28),
});
const traces = [readTrace(join(dir, 'chat.csv')), readTrace(join(dir, 'code.csv'))];
const registry = fleetSchema.parse(config);
const fleet = withTraceTokens(registry, traces);

/** A few minutes of a tenth of the registry's demand. */
function tried(change: Partial<TrialOptions> = {}, demand = 0.1) {
  const expected = embeddedInputs(publicFleet(fleet), Date.parse('2026-01-15T00:00Z'), 2);
  const inputs = { ...expected, slotHours: 0.1 };
  inputs.demandReqPerS = inputs.demandReqPerS.map((v) => v * demand);
  return trial(fleet, inputs, {
    policy: policies.find((p) => p.id === 'nearest') as TrialOptions['policy'],
    traces,
    kind: 'superposed',
    seed: 1,
    warmUpS: 120,
    gapTarget: 1e-3,
    tolerance: 0.1,
    ...change,
  });
}

describe('trial', () => {
  it('finishes every request once, after it came, and counts it at one site', () => {
    for (const kind of arrivalKinds) {
      for (const seed of [1, 2, 3]) {
        const { replayed, simulated } = tried({ kind, seed }, 0.4);
        expect(replayed.arrived).toBeGreaterThan(replayed.samples.length);
        expect(replayed.finished).toBe(replayed.arrived);
        const atSites = replayed.sites.reduce((sum, s) => sum + s.requests, 0);
        expect(atSites).toBe(replayed.samples.length);
        const inClasses = simulated.classes.reduce((sum, c) => sum + c.requests, 0);
        expect(inClasses).toBe(replayed.samples.length);
        const odd = replayed.samples.filter((s) => !(s.waitMs >= 0 && s.ttftMs > s.waitMs));
        expect(odd).toEqual([]);
      }
    }
  });

  it('gives the same for a seed, and other requests for another', () => {
    expect(tried()).toEqual(tried());
    expect(tried({ seed: 2 }).replayed.samples).not.toEqual(tried().replayed.samples);
  });

  it('sends requests where the plan sends them', () => {
    const { model, simulated } = tried({ kind: 'poisson' }, 1);
    model.sites.forEach(({ requests }, j) => {
      const came = simulated.sites[j]?.requests as number;
      expect(Math.abs(came - requests)).toBeLessThanOrEqual(5 * Math.sqrt(requests + 1));
    });
  });

  it('puts off what may wait by the shares and for as long as the plan has it', () => {
    const waiting = withTraceTokens(fleetWithDigest(), [...traces, traces[0]!]);
    const policy = policies.find((p) => p.id === 'isotherm')!;
    const inputs = embeddedInputs(publicFleet(waiting), Date.parse('2026-01-15T00:00Z'), 6);
    inputs.demandReqPerS = inputs.demandReqPerS.map((v, n) => (n % 3 === 2 ? 0.05 : 0.01) * v);
    const tryWith = (chosen: TrialOptions['policy']) =>
      trial(waiting, inputs, {
        policy: chosen,
        traces: [...traces, traces[0]!],
        kind: 'poisson',
        seed: 1,
        warmUpS: 60,
        gapTarget: 1e-3,
        tolerance: 0.1,
      });
    const { model, simulated, comparison, replayed } = tryWith(policy);
    expect(replayed.finished).toBe(replayed.arrived);
    const { movedShare, meanDelayHours } = model.waiting!;
    expect(movedShare).toBeGreaterThan(0.05);
    const digests = replayed.samples.filter((s) => s.classIndex === 2).length;
    const spread = 5 * Math.sqrt(0.25 / digests);
    expect(Math.abs(simulated.waiting!.movedShare - movedShare)).toBeLessThan(spread);
    // Delays are of six hours at most.
    expect(Math.abs(simulated.waiting!.meanDelayHours - meanDelayHours)).toBeLessThan(6 * spread);
    const [utilisation] = comparison;
    expect(Math.abs(utilisation!.error)).toBeLessThan(0.05);
    expect(comparison.map((c) => c.quantity).filter((q) => q.startsWith('digest'))).toEqual([]);
    const atOnce = tryWith(policies.find((p) => p.id === 'nearest')!);
    expect(atOnce.simulated.waiting).toEqual({ movedShare: 0, meanDelayHours: 0 });
  });

  it('names a class that no site can answer in time', () => {
    const slow = { ...fleet, classes: fleet.classes.map((c) => ({ ...c, ttftSloMs: 10 })) };
    const inputs = embeddedInputs(publicFleet(slow), Date.parse('2026-01-15T00:00Z'), 1);
    const options = { policy: policies[0] as TrialOptions['policy'], traces } as TrialOptions;
    expect(() => trial(slow, inputs, options)).toThrow(
      '--slo: no site can answer class "chat" within 10 ms even with nobody waiting',
    );
  });
});
