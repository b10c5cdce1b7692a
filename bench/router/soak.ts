import { fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { projectPath } from '../../src/local/bundle.ts';
import { freePort } from '../../src/local/port.ts';
import { Inspector } from '../workerd/inspector.ts';
import { residentMb } from '../workerd/process.ts';
import type { Load, Measured } from './load.ts';
import { startTargets } from './targets.ts';

const STREAMS = 1000;
/** Each stream's events, and the pause between two of them. */
const EVENTS = 20;
const PACE_MS = 500;
const SAMPLE_MS = 5000;
/** Until all streams are there and code is compiled. */
const WARM_UP_SHARE = 0.3;
/** Growth of the resident memory that counts as none, as a share of it an hour, beside the control's. */
const FLAT_SHARE_PER_HOUR = 0.2;

export interface Soaked {
  target: 'router' | 'bare';
  streams: number;
  minutes: number;
  completed: number;
  failures: number;
  /** Resident memory of workerd every 5 s, MB. */
  residentMb: number[];
  /** Then, of the target's isolate: objects on V8's heap, garbage included, and array buffers, MB. */
  heapMb: number[];
  buffersMb: number[];
  /** Of a line through them after the warm-up, MB a minute. */
  slopeMbPerMinute: number;
}

/** Both at the same time, each in a workerd of its own: what a bare Worker does is the measure. */
export async function soakBoth(minutes: number) {
  const [router, bare] = await Promise.all([soak('router', minutes), soak('bare', minutes)]);
  const mean = router.residentMb.reduce((sum, x) => sum + x, 0) / router.residentMb.length;
  const beyond = router.slopeMbPerMinute - Math.max(0, bare.slopeMbPerMinute);
  return { router, bare, isFlat: beyond * 60 <= FLAT_SHARE_PER_HOUR * mean };
}

/** Holds a thousand streams open, each begun anew when it ends, and watches workerd's memory. */
async function soak(target: Soaked['target'], minutes: number): Promise<Soaked> {
  const inspectorPort = await freePort();
  const targets = await startTargets({ withPortkey: false, inspectorPort });
  const generator = fork(projectPath('bench/router/load.ts'));
  let inspector: Inspector | undefined;
  try {
    inspector = await Inspector.open(inspectorPort, target === 'bare' ? 'beside' : 'router');
    const asked = targets.all.find((t) => t.name === target);
    if (asked?.pid === undefined) throw new Error('workerd has no process id');
    const body = JSON.stringify({
      model: 'isotherm-chat',
      messages: [{ role: 'user', content: 'Where is it cool today?' }],
      stream: true,
      metadata: { events: EVENTS, paceMs: PACE_MS },
    });
    const { url, headers, pid } = asked;
    const load: Load = { url, headers, body, connections: STREAMS, seconds: minutes * 60 };
    const measured = new Promise<Measured>((resolve) => generator.once('message', resolve));
    generator.send(load);
    const samples: number[] = [];
    const heapMb: number[] = [];
    const buffersMb: number[] = [];
    for (let ms = 0; ms < minutes * 60_000; ms += SAMPLE_MS) {
      await sleep(SAMPLE_MS);
      samples.push(residentMb(pid).now);
      const memory = await inspector.memory();
      heapMb.push(memory.heapMb);
      buffersMb.push(memory.buffersMb);
      const shown = [samples.at(-1) ?? 0, memory.heapMb, memory.buffersMb].map((x) => x.toFixed(1));
      process.stderr.write(`${target}, ${(ms + SAMPLE_MS) / 1000} s: ${shown.join(', ')} MB\n`);
    }
    const { answers, failures } = await measured;
    const steady = samples.slice(Math.ceil(samples.length * WARM_UP_SHARE));
    const slopeMbPerMinute = slope(steady) * (60_000 / SAMPLE_MS);
    return {
      target,
      streams: STREAMS,
      minutes,
      completed: answers,
      failures,
      residentMb: samples,
      heapMb,
      buffersMb,
      slopeMbPerMinute,
    };
  } finally {
    inspector?.close();
    generator.kill();
    await targets.close();
  }
}

/** Least squares, by sample. */
function slope(values: number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, y) => sum + y, 0) / values.length;
  let above = 0;
  let below = 0;
  values.forEach((y, x) => {
    above += (x - middle) * (y - mean);
    below += (x - middle) ** 2;
  });
  return below === 0 ? 0 : above / below;
}
