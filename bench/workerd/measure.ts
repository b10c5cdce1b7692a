import { setTimeout as sleep } from 'node:timers/promises';
import type { Fleet } from '../../src/core/model/fleet.ts';
import { publicFleet } from '../../src/core/model/fleet.ts';
import { solverOf } from '../../src/core/model/solver-name.ts';
import { MS_PER_HOUR } from '../../src/core/model/units.ts';
import { embeddedInputs } from '../../src/feeds/embedded/index.ts';
import type { RunView } from '../../src/local/admin-client.ts';
import { dice } from '../../test/core/support/random.ts';
import type { Memory } from './inspector.ts';
import { cpuMsOf, residentMb } from './process.ts';
import { type SplitStack, startSplitStack } from './stack.ts';
import { durableObjectValues, planRows, type Stored } from './stored.ts';

/** One optimization in workerd. */
export interface WorkerdRun {
  rounds: number;
  gap: number;
  roundWallMs: number[];
  /** A round's mean, of the batches, by site. */
  sentBytesPerSite: number;
  receivedBytesPerSite: number;
  /** From the request to the published plan. */
  wallMs: number;
  /** Process CPU until the run is accepted (inputs, first proposal), and of all alarms after it. */
  startCpuMs: number;
  alarmsCpuMs: number;
  /** Process CPU of all solvers. */
  solversCpuMs: number;
}

export interface WorkerdMeasurement {
  sites: number;
  zones: number;
  solvers: number;
  bootMs: number;
  /** Workers that the busiest alarm invokes. */
  invocationsPerAlarm: number;
  cold: WorkerdRun;
  warm: WorkerdRun;
  /** V8's limit for each heap of the router's process, MB. */
  heapLimitMb: number;
  /** Of the isolate of router and coordinator, what is not collected yet included. */
  atRest: Memory;
  peak: Memory;
  /** Resident memory of that isolate's process, at rest and most. */
  residentMbAtRest: number;
  residentMbPeak: number;
  checkpoint: Stored;
  plan: Stored;
}

const START_UTC_MS = Date.parse('2026-01-15T00:00Z');
const SLOTS = 24;
const POLL_MS = 50;
const ROUNDS_PER_ALARM = 2;
/** Hours of inputs that one admin call takes. */
const HOURS_PER_CALL = 5000;

export async function measureWorkerd(
  fleet: Fleet,
  heapLimitMb: number,
): Promise<WorkerdMeasurement> {
  const bootedMs = performance.now();
  const stack = await startSplitStack(fleet, START_UTC_MS, heapLimitMb);
  try {
    const bootMs = performance.now() - bootedMs;
    const atRest = await stack.inspector.memory();
    const residentMbAtRest = residentMb(stack.coordinatorPid).now;
    const cold = await optimize(stack, fleet);
    await feedWeather(stack, fleet, 1);
    const warm = await optimize(stack, fleet);
    await feedWeather(stack, fleet, 2);
    const memory = await watchMemory(stack);
    const solvers = new Set(fleet.sites.map(solverOf)).size;
    return {
      sites: fleet.sites.length,
      zones: fleet.zones.length,
      solvers,
      bootMs,
      invocationsPerAlarm:
        solvers * Math.min(ROUNDS_PER_ALARM, Math.max(1, Math.floor(32 / solvers))),
      cold,
      warm,
      heapLimitMb,
      atRest,
      residentMbAtRest,
      residentMbPeak: residentMb(stack.coordinatorPid).peak,
      plan: planRows(stack.dir) as Stored,
      ...memory,
    };
  } finally {
    await stack.dispose();
  }
}

async function optimize(stack: SplitStack, fleet: Fleet): Promise<WorkerdRun> {
  const cpu = () => [cpuMsOf(stack.coordinatorPid), cpuMsOf(stack.solversPid)] as const;
  const begunMs = performance.now();
  const [coordinatorMs, solversMs] = cpu();
  await stack.admin.optimize();
  const [startedMs] = cpu();
  const run = await ended(stack, () => sleep(POLL_MS));
  const [endedMs, solversEndedMs] = cpu();
  const mean = (of: (r: RunView['rounds'][number]) => number) =>
    run.rounds.reduce((sum, r) => sum + of(r), 0) / run.rounds.length / fleet.sites.length;
  return {
    rounds: run.rounds.length,
    gap: run.rounds.at(-1)?.certificate?.gap ?? Number.NaN,
    roundWallMs: run.rounds.map((r) => r.wallMs),
    sentBytesPerSite: mean((r) => r.sentBytes),
    receivedBytesPerSite: mean((r) => r.receivedBytes),
    wallMs: performance.now() - begunMs,
    startCpuMs: startedMs - coordinatorMs,
    alarmsCpuMs: endedMs - startedMs,
    solversCpuMs: solversEndedMs - solversMs,
  };
}

/** A third run, by itself, since looking costs CPU. */
async function watchMemory(stack: SplitStack) {
  let peak: Memory = { heapMb: 0, buffersMb: 0 };
  let checkpoint: Stored | undefined;
  const look = async () => {
    const memory = await stack.inspector.memory();
    if (memory.heapMb + memory.buffersMb > peak.heapMb + peak.buffersMb) peak = memory;
    const stored = durableObjectValues(stack.dir);
    if (stored && stored.bytes > (checkpoint?.bytes ?? 0)) checkpoint = stored;
  };
  let running = true;
  const looking = (async () => {
    while (running) await look();
  })();
  await stack.admin.optimize();
  await ended(stack, () => sleep(POLL_MS));
  running = false;
  await looking;
  return { peak, checkpoint: checkpoint as Stored };
}

async function ended(stack: SplitStack, pause: () => Promise<void>): Promise<RunView> {
  for (;;) {
    const run = await stack.admin.latestRun();
    if (run.status === 'failed') throw new Error(`the run failed: ${run.error}`);
    if (run.status === 'published') return run;
    await pause();
  }
}

/** Another forecast: up to 1.5 °C off the embedded means. */
async function feedWeather(stack: SplitStack, fleet: Fleet, seed: number): Promise<void> {
  const d = dice(seed);
  const { sites } = embeddedInputs(publicFleet(fleet), START_UTC_MS, SLOTS);
  const hours = sites.flatMap(({ tempC, rhPct }, j) => {
    const offsetC = d.uniform(-1.5, 1.5);
    return Array.from(tempC, (meanC, t) => ({
      site: fleet.sites[j]?.id,
      utc: `${new Date(START_UTC_MS + t * MS_PER_HOUR).toISOString().slice(0, 16)}Z`,
      tempC: meanC + offsetC,
      rhPct: rhPct[t],
    }));
  });
  for (let from = 0; from < hours.length; from += HOURS_PER_CALL) {
    await stack.admin.putInputs('bench', hours.slice(from, from + HOURS_PER_CALL));
  }
}
