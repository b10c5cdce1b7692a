import { clipped, count, fixed, HOUR_MS, list, NBSP, percent, within } from './format.ts';
import type { SiteTrouble, Status } from './types.ts';

/** How the system stands, in plain words. */

/** Unserved shares under this are rounding of the optimizer. */
const SMALLEST_UNSERVED = 1e-4;

/** Text, or an instant that is told as its age. */
export type Part = string | { utcMs: number };
export type Sentence = Part[];

export interface Assessment {
  level: 'fine' | 'attention' | 'unknown';
  sentences: Sentence[];
}

const ago = (utcMs: number): Part => ({ utcMs });

export function assess(status: Status): Assessment {
  const { plan } = status;
  const ill = troublesOf(status);
  if (!plan) return { level: 'attention', sentences: [noPlan(status), ...ill] };
  const problems = problemsOf(status, plan);
  if (problems.length === 0) {
    const isWell = ill.length === 0;
    const well = [proven(isWell ? 'All is well: plan' : 'The plan is well: plan', plan)];
    const sentences = [...ill, ...well, ...drained(status, plan)];
    return { level: isWell ? 'fine' : 'attention', sentences };
  }
  const sentences = problems.map((problem, n) =>
    problem(
      n === 0 ? [`Plan${NBSP}${plan.version}, made `, ago(plan.createdUtcMs), ','] : ['The plan'],
    ),
  );
  return { level: 'attention', sentences: [...ill, ...sentences, ...drained(status, plan)] };
}

/** Sites that do not serve as they should, the worst first. */
function troublesOf(status: Status): Sentence[] {
  const { troubles, plan } = status;
  if (troubles === null) {
    return [['Nobody can say whether the sites are up: what watches them does not answer.']];
  }
  const name = namesOf(status);
  const without = new Set(plan?.excluded.map((e) => e.site));
  const drained = plan?.overrides?.sites ?? {};
  const order = ['down', 'failing', 'slow'];
  return troubles
    .filter(({ site }) => !drained[site]?.drained)
    .toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
    .map((trouble) => troubleWords(trouble, name(trouble.site), without.has(trouble.site)));
}

function troubleWords({ kind, sinceUtcMs }: SiteTrouble, name: string, isWithout: boolean) {
  if (kind === 'down') {
    return [
      `${name} was found down `,
      ago(sinceUtcMs),
      isWithout
        ? '. Other sites serve its requests, and the plan does without it.'
        : '. Other sites serve its requests; the plan still counts on it.',
    ];
  }
  const what = kind === 'failing' ? 'fails requests' : 'is far slower than the other sites';
  return [
    `${name} ${what}, first seen `,
    ago(sinceUtcMs),
    ': other sites are asked before it until it does better.',
  ];
}

type Plan = NonNullable<Status['plan']>;

function proven(what: string, { version, createdUtcMs, certificate, rounds }: Plan): Sentence {
  return [
    `${what}${NBSP}${version}, made `,
    ago(createdUtcMs),
    `, is proven to be within ${within(certificate.gap)} of the optimum after ${count(rounds, 'round')}.`,
  ];
}

/** What is drained on purpose is no fault, but easily forgotten. */
function drained(status: Status, { overrides }: Plan): Sentence[] {
  const ids = Object.keys(overrides?.sites ?? {}).filter((id) => overrides?.sites[id]?.drained);
  return ids.length > 0 ? [[`Drained: ${list(ids.map(namesOf(status)))}.`]] : [];
}

function noPlan({ latestRun, lastFailure }: Status): Sentence {
  const meanwhile = 'Until there is one, requests go to the site that answers them soonest.';
  if (latestRun?.status === 'running') {
    const failed = lastFailure ? '; the one before it failed' : '';
    return [
      'No plan yet: an optimization began ',
      ago(latestRun.requestedUtcMs),
      `${failed}. ${meanwhile}`,
    ];
  }
  if (latestRun?.status === 'failed') {
    return [
      'No plan yet: the last optimization failed ',
      ago(latestRun.endedUtcMs as number),
      `: ${clipped(latestRun.error ?? 'no reason given')}. ${meanwhile}`,
    ];
  }
  return [`No plan yet: no optimization has been asked for. ${meanwhile}`];
}

/** Each problem as a sentence about a subject: the plan, in full at the first. */
function problemsOf(status: Status, plan: Plan): ((subject: Sentence) => Sentence)[] {
  const { lastFailure, nowUtcMs } = status;
  const problems: ((subject: Sentence) => Sentence)[] = [];
  const endUtcMs = plan.startUtcMs + plan.slotCount * plan.slotHours * HOUR_MS;
  const failedUtcMs = lastFailure?.endedUtcMs ?? 0;
  const failed = failedUtcMs > plan.createdUtcMs;
  if (failed) {
    problems.push((subject) => [
      'The last optimization failed ',
      ago(failedUtcMs),
      `: ${clipped(lastFailure?.error ?? 'no reason given')}. `,
      ...subject,
      ' serves on.',
    ]);
  }
  if (plan.stale) {
    problems.push((subject) => [
      ...subject,
      ' is past its horizon, which ended ',
      ago(endUtcMs),
      ': its hours serve on by time of day, with weather and demand of the past.',
    ]);
  }
  problems.push(...partsMissing(status, plan));
  if (plan.stopReason !== 'gap') problems.push(shortOfTarget(status, plan));
  // A plan is renewed many times within its horizon.
  const renewalDue = plan.createdUtcMs + (endUtcMs - plan.startUtcMs) / 4;
  if (!failed && !plan.stale && nowUtcMs > renewalDue) {
    problems.push((subject) => [
      ...subject,
      ' has not been renewed since, although no optimization failed: is the schedule running?',
    ]);
  }
  return problems;
}

function partsMissing(status: Status, plan: Plan): ((subject: Sentence) => Sentence)[] {
  const problems: string[] = [];
  const name = namesOf(status);
  // Said with what is wrong there.
  const down = new Set(status.troubles?.filter((t) => t.kind === 'down').map((t) => t.site));
  const excluded = plan.excluded.filter(({ site }) => !down.has(site));
  if (excluded.length > 0) {
    const sites = excluded.map(({ site, reason }) => `${name(site)} (${clipped(reason, 80)})`);
    problems.push(` does without ${list(sites)}.`);
  }
  if (plan.unservedShare >= SMALLEST_UNSERVED) {
    problems.push(
      ` leaves ${percent(plan.unservedShare)} of requests unserved: capacity or latency targets fall short.`,
    );
  }
  if (plan.jobsFault !== undefined) {
    problems.push(
      ` is made without jobs that are to be sent again, or taken back by an empty list (${clipped(plan.jobsFault, 120)}).`,
    );
  }
  if (plan.rampFault !== undefined) {
    problems.push(` may move more traffic at once than allowed (${clipped(plan.rampFault, 120)}).`);
  }
  for (const { of, limit, amount, missedBy } of plan.budgets ?? []) {
    if (!(missedBy > 0)) continue;
    const [what, unit] = of === 'carbonKg' ? ['carbon', 'kg'] : ['water', 'L'];
    problems.push(
      ` misses its budget of ${what}: ${fixed(amount, 0)}${NBSP}${unit}, where ${fixed(limit, 0)}${NBSP}${unit} were allowed.`,
    );
  }
  problems.push(...feedsMissing(status, plan));
  if (status.staleInputs.length > 0) {
    problems.push(` had no new inputs for ${list(status.staleInputs.map(name))} in over 26 hours.`);
  }
  return problems.map((text) => (subject) => [...subject, text]);
}

/** Feeds that failed when the plan was made, each with what it should have brought. */
function feedsMissing(status: Status, { sites, demand }: Plan): string[] {
  const name = namesOf(status);
  const failing = new Map<string, { kind: string; fault: string; ids: string[] }>();
  for (const { site, sources } of sites) {
    for (const kind of ['weather', 'price', 'carbon', 'water'] as const) {
      const { fault } = sources[kind];
      if (fault === undefined) continue;
      const key = `${kind} ${fault}`;
      const known = failing.get(key) ?? { kind, fault, ids: [] };
      known.ids.push(site);
      failing.set(key, known);
    }
  }
  const problems = [...failing.values()].map(({ kind, fault, ids }) => {
    const where = ids.length === sites.length ? 'all sites' : list(ids.map(name));
    return ` lacks the latest ${kind} of ${where}, since its feed fails (${clipped(fault, 80)}): older values or means stand in.`;
  });
  if (demand?.fault !== undefined) {
    problems.push(` lacks the latest demand (${clipped(demand.fault, 80)}).`);
  }
  return problems;
}

function shortOfTarget({ latestRun }: Status, plan: Plan): (subject: Sentence) => Sentence {
  const target = latestRun?.runId === plan.runId ? ` of ${percent(latestRun.gapTarget)}` : '';
  const why =
    plan.stopReason === 'deadline'
      ? 'time ran out'
      : `it ended after ${count(plan.rounds, 'round')}`;
  return (subject) => [
    ...subject,
    ` is proven to be within ${within(plan.certificate.gap)} of the optimum, short of its target${target}: ${why}.`,
  ];
}

export function namesOf({
  sites,
}: {
  sites: readonly { id: string; name: string }[];
}): (id: string) => string {
  const names = new Map(sites.map(({ id, name }) => [id, name]));
  return (id) => names.get(id) ?? id;
}
