/** Counters by name and labels as Prometheus writes them; isolates sum them, D1 keeps them. */

const label = (value: string) => value.replace(/[\\"\n]/g, '_');

export function labelsOf(values: Record<string, string | number>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}="${label(String(value))}"`)
    .join(',');
}

/** Far above what sites, classes, statuses and outcomes make together. */
const MAX_KEPT = 10_000;

/** Labels of these names by their values, each text written once: requests have the same over and over. */
export function labelTexts(...names: string[]): (...values: (string | number)[]) => string {
  const kept = new Map<string, string>();
  return (...values) => {
    const key = values.join('\n');
    let text = kept.get(key);
    if (text === undefined) {
      if (kept.size >= MAX_KEPT) kept.clear();
      text = labelsOf(Object.fromEntries(names.map((name, n) => [name, values[n] as string])));
      kept.set(key, text);
    }
    return text;
  };
}

/** Upper ends of the TTFT histogram, ms. */
export const TTFT_BUCKETS_MS = [
  50, 100, 200, 350, 500, 750, 1000, 1500, 2500, 5000, 10_000, 30_000,
];

/** The bucket of a TTFT, in seconds as `le` has it. */
export function ttftBucket(ms: number): string {
  const end = TTFT_BUCKETS_MS.find((b) => ms <= b);
  return end === undefined ? '+Inf' : String(end / 1000);
}

export interface Counter {
  name: string;
  labels: string;
  value: number;
}

const families: Record<string, { type: 'counter'; help: string }> = {
  requests: { type: 'counter', help: 'Requests by site, class, status and outcome.' },
  tokens: { type: 'counter', help: 'Tokens by site, class and kind.' },
  attempts_failed: {
    type: 'counter',
    help: 'Attempts whose answer was not taken, by site and status.',
  },
  hedges: {
    type: 'counter',
    help: 'Second sites asked beside a slow first one, by class and how that ended.',
  },
  steered: {
    type: 'counter',
    help: 'Sessions sent elsewhere than they were drawn to, by that site, class and reason.',
  },
  ejections: {
    type: 'counter',
    help: 'Times an isolate put a site out of use, by site and reason.',
  },
  receipts_lost: { type: 'counter', help: 'Receipts dropped because D1 refused them too long.' },
};

/** Gauges of the plan, as they are when asked for. */
export interface PlanGauges {
  version: number;
  ageSeconds: number;
  gap: number;
  /** Share of all requests that it leaves unserved. */
  unservedShare: number;
  /** Of each class that may wait. */
  batch: { class: string; requests: number; unservedRequests: number; movedShare: number }[];
}

/** What all isolates together know of a site. */
export interface SiteGauge {
  id: string;
  isDown: boolean;
  isDrained: boolean;
}

/**
 * All of it in Prometheus' text format, version 0.0.4.
 * @param plan undefined before the first
 * @param sites absent where nothing can be said of them just now
 */
export function prometheusText(
  counters: readonly Counter[],
  plan: PlanGauges | undefined,
  sites?: readonly SiteGauge[],
): string {
  const lines: string[] = [];
  for (const [name, { type, help }] of Object.entries(families)) {
    const full = `isotherm_${name}_total`;
    lines.push(`# HELP ${full} ${help}`, `# TYPE ${full} ${type}`);
    for (const c of counters) {
      if (c.name === name) lines.push(`${full}${c.labels && `{${c.labels}}`} ${c.value}`);
    }
  }
  lines.push(...histogramLines(counters));
  if (plan) {
    lines.push(
      ...gauge('plan_version', 'Version of the plan that holds.', plan.version),
      ...gauge('plan_age_seconds', 'Since that plan was made.', plan.ageSeconds),
      ...gauge('plan_gap', 'Proven distance of that plan to the optimum, as a share.', plan.gap),
      ...gauge(
        'plan_unserved_share',
        'Share of all requests that plan leaves unserved.',
        plan.unservedShare,
      ),
      ...batchLines(plan.batch),
    );
  }
  if (sites) {
    const each = (name: string, help: string, is: (s: SiteGauge) => boolean) => [
      `# HELP isotherm_${name} ${help}`,
      `# TYPE isotherm_${name} gauge`,
      ...sites.map((s) => `isotherm_${name}{${labelsOf({ site: s.id })}} ${is(s) ? 1 : 0}`),
    ];
    lines.push(
      ...each(
        'site_down',
        '1 while isolates or probes find the site down: plans are made without it.',
        (s) => s.isDown,
      ),
      ...each('site_drained', '1 while the site is drained on purpose.', (s) => s.isDrained),
    );
  }
  return `${lines.join('\n')}\n`;
}

function gauge(name: string, help: string, value: number): string[] {
  return [
    `# HELP isotherm_${name} ${help}`,
    `# TYPE isotherm_${name} gauge`,
    `isotherm_${name} ${value}`,
  ];
}

/** What the plan does with each class that may wait; nothing where none may. */
function batchLines(batch: PlanGauges['batch']): string[] {
  if (batch.length === 0) return [];
  const each = (name: string, help: string, of: (b: PlanGauges['batch'][number]) => number) => [
    `# HELP isotherm_${name} ${help}`,
    `# TYPE isotherm_${name} gauge`,
    ...batch.map((b) => `isotherm_${name}{${labelsOf({ class: b.class })}} ${of(b)}`),
  ];
  return [
    ...each('plan_batch_requests', 'Requests that may wait, of that plan.', (b) => b.requests),
    ...each(
      'plan_batch_unserved_requests',
      'Of those, requests that find no room in time.',
      (b) => b.unservedRequests,
    ),
    ...each(
      'plan_batch_moved_share',
      'Share of those served that is put off.',
      (b) => b.movedShare,
    ),
  ];
}

/** Stored by bucket and not cumulative, so that every request touches one row only. */
function histogramLines(counters: readonly Counter[]): string[] {
  const full = 'isotherm_ttft_seconds';
  const lines = [
    `# HELP ${full} Time from a request's arrival to the first byte of its stream.`,
    `# TYPE ${full} histogram`,
  ];
  const sums = counters.filter((c) => c.name === 'ttft_ms_sum');
  for (const { labels, value } of sums) {
    let count = 0;
    for (const le of [...TTFT_BUCKETS_MS.map((ms) => String(ms / 1000)), '+Inf']) {
      const bucketLabels = `${labels},le="${le}"`;
      count +=
        counters.find((c) => c.name === 'ttft_bucket' && c.labels === bucketLabels)?.value ?? 0;
      lines.push(`${full}_bucket{${bucketLabels}} ${count}`);
    }
    lines.push(`${full}_sum{${labels}} ${value / 1000}`, `${full}_count{${labels}} ${count}`);
  }
  return lines;
}
