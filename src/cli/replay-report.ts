import manifest from '../../package.json' with { type: 'json' };
import { mayWait } from '../core/model/request-class.ts';
import { slotUtcMs } from '../core/planning/inputs.ts';
import type { Comparison } from '../sim/events/compare.ts';
import { traceFigures } from '../sim/events/trace.ts';
import { commonDigits, count, decimal, signed, utc } from './format.ts';
import { attributionNotes, folderCredits } from './notes.ts';
import type { ReplayRun } from './replay.ts';
import { spanJson } from './span.ts';
import { bold, bullets, type Column, table, wrap } from './table.ts';

const comparisonColumns: Column[] = [
  { header: ['quantity'], align: 'left' },
  { header: ['model'] },
  { header: ['simulated'] },
  { header: ['unit'], align: 'left' },
  { header: ['error'] },
  { header: [''], align: 'left' },
];

const siteColumns: Column[] = [
  { header: ['site'], align: 'left' },
  { header: ['requests', ''] },
  { header: ['utilisation', 'model, %'] },
  { header: ['', 'simulated'] },
  { header: ['wait', 'model, ms'] },
  { header: ['', 'simulated'] },
  { header: ['IT energy', 'model, kWh'] },
  { header: ['', 'simulated'] },
  { header: ['awake', 'model'] },
  { header: ['', 'simulated'] },
  { header: ['batch', 'simulated'] },
];

export function replayText(run: ReplayRun): string {
  const { fleet, inputs, options, model, simulated, comparison } = run;
  const rows = fleet.sites.map((site, j) => {
    const m = model.sites[j] as (typeof model.sites)[number];
    const s = simulated.sites[j] as (typeof simulated.sites)[number];
    return [
      site.id,
      decimal(s.requests, 0),
      decimal(100 * m.utilisation, 1),
      decimal(100 * s.utilisation, 1),
      decimal(m.waitMeanMs, 1),
      decimal(s.waitMeanMs, 1),
      decimal(m.itKwh, 2),
      decimal(s.itKwh, 2),
      decimal(m.awakeServers, 2),
      decimal(s.awakeServers, 2),
      decimal(s.meanBatch, 1),
    ];
  });
  const off = comparison.filter((c) => c.off);
  const verdict =
    off.length === 0
      ? `The model is within ${options.tolerance} % in all of it.`
      : `The model is off by more than ${options.tolerance} % (of shares over SLO and put off, ${options.tolerance / 10} points) in ${off.length} of ${comparison.length}.`;
  return [
    bold(
      `Replay of ${count(run.replayed.arrived, 'request')} (${count(run.replayed.samples.length, 'measured request')}) at ${fleet.name}, ${utc(inputs.startUtcMs)} to ${utc(slotUtcMs(inputs, inputs.slotCount))}, plan by ${options.policy}`,
    ),
    '',
    table(comparisonColumns, comparison.map(comparisonRow)),
    '',
    wrap(verdict),
    '',
    table(siteColumns, rows),
    '',
    bold('Notes'),
    bullets(notesOf(run)),
    '',
  ].join('\n');
}

function comparisonRow(c: Comparison): string[] {
  const digits = commonDigits([c.forecast, c.simulated]);
  const error = /over SLO$|^put off$/.test(c.quantity) ? 'points' : '%';
  return [
    c.quantity,
    decimal(c.forecast, digits),
    decimal(c.simulated, digits),
    c.unit,
    `${signed(100 * c.error, 1)} ${error}`,
    c.off ? 'off' : '',
  ];
}

function notesOf({ fleet, inputs, traces, options, replayed, unservedShare }: ReplayRun): string[] {
  const requests = fleet.classes.map((cls, k) => {
    const trace = traces[k] as (typeof traces)[number];
    const f = traceFigures(trace);
    return `${cls.id}: ${count(f.requests, 'request')} of ${trace.source} (${decimal(f.reqPerS, 2)} req/s, gaps with an SCV of ${decimal(f.arrivalScv, 1)}, ${decimal(f.meanInputTokens, 0)} tokens in and ${decimal(f.meanOutputTokens, 0)} out on average), brought to each zone's demand: ${options.arrivals}, seed ${options.seed}`;
  });
  const reused =
    replayed.cachedTokens > 0
      ? [
          `of the prompt tokens that the traces' cache held, ${decimal((100 * replayed.reusedTokens) / replayed.cachedTokens, 1)} % were held at the site that got the request; the model expects all`,
        ]
      : [];
  const waiting = fleet.classes.filter(mayWait).map((cls) => cls.id);
  const putOff =
    waiting.length > 0
      ? [
          `${waiting.join(', ')} may wait: all clients give leave and come back when they are told; what comes before the plan begins is served as it comes`,
        ]
      : [];
  const unserved =
    unservedShare > 1e-9
      ? [
          `the plan leaves ${decimal(100 * unservedShare, 2)} % unserved; the router turns nobody away, so the sites get it all the same`,
        ]
      : [];
  return [
    ...requests,
    ...reused,
    ...putOff,
    ...unserved,
    'the simulated wait includes the decode step under way, which the model counts as a part of TTFT of its own',
    'utilisation is work at full batches over capacity; a server with one sequence is as busy as one with many',
    `${options.warmUp} minutes were simulated before the measured time`,
    // Weather, prices and carbon are embedded; of the folder only the traces are read.
    ...attributionNotes(inputs).map((text) => `data: ${text}`),
    ...folderCredits(
      options.data,
      { sites: [] },
      traces.map((t) => t.source),
    ),
  ];
}

export function replayJson(run: ReplayRun) {
  const { fleet, inputs, traces, options, model, simulated, comparison, replayed } = run;
  return {
    schemaVersion: 1,
    version: manifest.version,
    fleet: fleet.name,
    span: spanJson(inputs),
    options: {
      policy: options.policy,
      arrivals: options.arrivals,
      demandFactor: options.demand,
      seed: options.seed,
      warmUpMinutes: options.warmUp,
      tolerance: options.tolerance / 100,
    },
    traces: fleet.classes.map((cls, k) => {
      const trace = traces[k] as (typeof traces)[number];
      return { class: cls.id, source: trace.source, ...traceFigures(trace) };
    }),
    requests: {
      arrived: replayed.arrived,
      finished: replayed.finished,
      measured: replayed.samples.length,
      unservedShare: run.unservedShare,
      cachedTokens: replayed.cachedTokens,
      reusedTokens: replayed.reusedTokens,
    },
    comparison,
    model,
    simulated,
    notes: notesOf(run),
  };
}
