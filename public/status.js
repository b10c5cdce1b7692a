/**
 * The status page: asks /status.json every few seconds and shows the answer. Text from the answer
 * enters the page as text nodes only.
 */

const REFRESH_MS = 5000;
const GIVE_UP_MS = 8000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const TOKEN_KEY = 'isotherm-admin-token';
/** Unserved shares under this are rounding of the optimizer. */
const SMALLEST_UNSERVED = 1e-4;
/** A clock this far from the viewer's is one that was set on purpose. */
const CLOCK_DIFFERENCE_MS = 2 * MINUTE_MS;
/** More rounds than this scroll. */
const ROUNDS_IN_VIEW = 15;

const NBSP = '\u00a0';

const byId = (id) => document.getElementById(id);

/* Numbers, times and elements */

/** A number with its unit, kept on one line. */
function quantity(value, digits, unit) {
  if (!Number.isFinite(value)) return element('span', {}, '—');
  const number = new Intl.NumberFormat('en-AU', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    signDisplay: 'negative',
  }).format(value);
  return element('span', {}, number, element('span', { class: 'unit' }, unit));
}

/** A share or gap in percent, down to where it is rounding. */
function percent(fraction) {
  const value = 100 * fraction;
  if (fraction === null || !Number.isFinite(value)) return '—';
  if (value === 0) return `0${NBSP}%`;
  if (value < 1e-4) return `<${NBSP}0.0001${NBSP}%`;
  return `${value < 10 ? Number(value.toPrecision(2)) : value.toFixed(1)}${NBSP}%`;
}

/** The same for "within …", which needs no "<". */
function within(gap) {
  return percent(gap).replace(/^<\s/, '');
}

function count(n, noun) {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

function duration(ms) {
  if (ms < MINUTE_MS) return 'less than a minute';
  if (ms < 2 * HOUR_MS) return count(Math.floor(ms / MINUTE_MS), 'minute');
  if (ms < 48 * HOUR_MS) return count(Math.floor(ms / HOUR_MS), 'hour');
  return count(Math.floor(ms / (24 * HOUR_MS)), 'day');
}

function milliseconds(ms) {
  return quantity(ms, 0, 'ms');
}

function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== undefined));
  return node;
}

const DATE = { day: 'numeric', month: 'short', year: 'numeric' };
const TIME = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };

function dateText(ms, options) {
  return new Intl.DateTimeFormat('en-GB', options).format(ms);
}

/** The viewer's own time; undefined where that is UTC. The date only where it differs from UTC's. */
function localText(ms, time) {
  if (new Date(ms).getTimezoneOffset() === 0) return undefined;
  const sameDay = dateText(ms, { ...DATE, timeZone: 'UTC' }) === dateText(ms, DATE);
  const date = sameDay ? {} : { day: DATE.day, month: DATE.month };
  const options = { ...date, ...time, timeZoneName: 'short' };
  return `${dateText(ms, options)}, your time`;
}

/** `24 Nov 2026, 00:04 UTC`, and the viewer's local time under it. */
function timeNode(ms, time = TIME) {
  const local = localText(ms, time);
  return element(
    'span',
    {},
    element(
      'time',
      { datetime: new Date(ms).toISOString() },
      `${dateText(ms, { ...DATE, ...time, timeZone: 'UTC' })} UTC`,
    ),
    local && element('span', { class: 'local' }, ` (${local})`),
  );
}

function fact(term, ...description) {
  return element('div', {}, element('dt', {}, term), element('dd', {}, ...description));
}

function list(items) {
  return new Intl.ListFormat('en-GB', { type: 'conjunction' }).format(items);
}

function clipped(text, length = 200) {
  return text.length > length ? `${text.slice(0, length).trimEnd()} …` : text;
}

/* What is to be said. A sentence is a list of texts and ages; an age is told as "… ago". */

const ago = (utcMs) => ({ utcMs });

/** The sentence, what else there is to say, and how it stands. */
function assess(data) {
  if (!data.plan) return { level: 'attention', sentences: [noPlan(data)] };
  const problems = problemsOf(data);
  if (problems.length === 0) return { level: 'fine', sentences: [allWell(data.plan)] };
  const { version, createdUtcMs } = data.plan;
  const sentences = problems.map((problem, n) =>
    problem(n === 0 ? [`Plan${NBSP}${version}, made `, ago(createdUtcMs), ','] : ['The plan']),
  );
  return { level: 'attention', sentences };
}

function allWell({ version, createdUtcMs, certificate, rounds }) {
  return [
    `All is well: plan${NBSP}${version}, made `,
    ago(createdUtcMs),
    `, is proven to be within ${within(certificate.gap)} of the optimum after ${count(rounds, 'round')}.`,
  ];
}

function noPlan({ latestRun, lastFailure }) {
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
      ago(latestRun.endedUtcMs),
      `: ${clipped(latestRun.error ?? 'no reason given')}. ${meanwhile}`,
    ];
  }
  return [`No plan yet: no optimization has been asked for. ${meanwhile}`];
}

/** Each problem as a sentence about a subject: the plan, in full at the first. */
function problemsOf(data) {
  const { plan, latestRun, lastFailure, nowUtcMs } = data;
  const problems = [];
  const endUtcMs = plan.startUtcMs + plan.slotCount * plan.slotHours * HOUR_MS;
  const failed = lastFailure && lastFailure.endedUtcMs > plan.createdUtcMs;
  if (failed) {
    problems.push((subject) => [
      'The last optimization failed ',
      ago(lastFailure.endedUtcMs),
      `: ${clipped(lastFailure.error ?? 'no reason given')}. `,
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
  if (plan.excluded.length > 0) {
    const name = namesOf(data);
    const sites = plan.excluded.map(({ site, reason }) => `${name(site)} (${clipped(reason, 80)})`);
    problems.push((subject) => [...subject, ` does without ${list(sites)}.`]);
  }
  if (plan.unservedShare >= SMALLEST_UNSERVED) {
    problems.push((subject) => [
      ...subject,
      ` leaves ${percent(plan.unservedShare)} of requests unserved: capacity or latency targets fall short.`,
    ]);
  }
  for (const { of, limit, amount, missedBy } of plan.budgets ?? []) {
    if (!(missedBy > 0)) continue;
    const [name, unit] = of === 'carbonKg' ? ['carbon', 'kg'] : ['water', 'L'];
    problems.push((subject) => [
      ...subject,
      ` misses its budget of ${name}: ${quantity(amount, 0, unit)}, where ${quantity(limit, 0, unit)} were allowed.`,
    ]);
  }
  if (data.staleInputs?.length > 0) {
    const sites = data.staleInputs.map(namesOf(data));
    problems.push((subject) => [
      ...subject,
      ` had no new inputs for ${list(sites)} in over 26 hours.`,
    ]);
  }
  if (plan.stopReason !== 'gap') {
    const target = latestRun?.runId === plan.runId ? ` of ${percent(latestRun.gapTarget)}` : '';
    const why =
      plan.stopReason === 'deadline'
        ? 'time ran out'
        : `it ended after ${count(plan.rounds, 'round')}`;
    problems.push((subject) => [
      ...subject,
      ` is proven to be within ${within(plan.certificate.gap)} of the optimum, short of its target${target}: ${why}.`,
    ]);
  }
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

function namesOf({ sites }) {
  const names = new Map(sites.map(({ id, name }) => [id, name]));
  return (id) => names.get(id) ?? id;
}

/* How it is shown */

const MARKS = { fine: '✓', attention: '!', unknown: '?', locked: '?', pending: '…' };
let shownSentences = '';

/**
 * Replaced only when it says something else, so that it is announced then only; ages are outside of
 * what is announced and change in place.
 */
function showSentences(level, sentences, nowMs) {
  const box = byId('sentence');
  const key = JSON.stringify([level, sentences]);
  if (key !== shownSentences) {
    shownSentences = key;
    byId('summary').dataset.level = level;
    byId('mark').textContent = MARKS[level];
    box.replaceChildren(
      ...sentences.map((parts) =>
        element('p', {}, ...parts.map((part) => (typeof part === 'string' ? part : ageNode(part)))),
      ),
    );
  }
  for (const node of box.querySelectorAll('[data-utc-ms]')) {
    const text = `${duration(Math.max(0, nowMs - Number(node.dataset.utcMs)))} ago`;
    if (node.textContent !== text) node.textContent = text;
  }
}

function ageNode({ utcMs }) {
  return element('time', {
    'data-utc-ms': utcMs,
    datetime: new Date(utcMs).toISOString(),
    'aria-live': 'off',
  });
}

function planFacts({ plan }) {
  const { startUtcMs, slotCount, slotHours, certificate, slot } = plan;
  const hours = slotCount * slotHours;
  return [
    fact(`Plan ${plan.version} made`, timeNode(plan.createdUtcMs)),
    fact('Horizon begins', timeNode(startUtcMs)),
    fact('Horizon ends', timeNode(startUtcMs + hours * HOUR_MS)),
    fact('In force', `slot ${slot + 1} of ${slotCount}, ${quantityText(slotHours, 'h')} each`),
    fact(`Cost over ${quantityText(hours, 'h')}`, quantity(certificate.objectiveAud, 2, 'AUD')),
    fact('Gap to the optimum', `${percent(certificate.gap)}, ${count(plan.rounds, 'round')}`),
    fact('Served at the nearest site', percent(plan.nearestShare)),
    fact('Unserved', percent(plan.unservedShare)),
  ];
}

function quantityText(value, unit) {
  return `${Number(value.toFixed(2))}${NBSP}${unit}`;
}

/** A table cell; its label shows where rows are blocks. Roles hold there too. */
function cell(label, className, ...children) {
  return element('td', { role: 'cell', 'data-label': label, class: className }, ...children);
}

function rowHead(...children) {
  return element('th', { role: 'rowheader', scope: 'row' }, ...children);
}

function row(...cells) {
  return element('tr', { role: 'row' }, ...cells);
}

function showSites(data) {
  const { plan } = data;
  const name = namesOf(data);
  const excluded = new Set(plan.excluded.map(({ site }) => site));
  const sites = plan.sites.toSorted((a, b) => b.share - a.share);
  const largest = Math.max(...sites.map(({ share }) => share), 1e-9);
  const placed = sites.some(({ placement }) => placement);
  const hours = quantityText(plan.slotCount * plan.slotHours, 'h');
  byId('placement-head').hidden = !placed;
  byId('sites-caption').textContent =
    `What plan ${plan.version} gives each site, in shares of the requests served. Means are over the plan’s ${hours}.`;
  byId('site-rows').replaceChildren(
    ...sites.map((site) =>
      row(
        rowHead(
          `${name(site.site)} `,
          excluded.has(site.site) ? element('span', { class: 'tag alert' }, 'left out') : undefined,
        ),
        cell(undefined, 'wide', shareNode(site.share, largest)),
        cell('Utilisation', 'number', quantity(100 * site.utilisation, 1, '%')),
        cell('Temperature', 'number', quantity(site.tempC, 1, '°C')),
        cell('Grid carbon', 'number carbon', ...carbonNodes(site)),
        placed ? cell('Solver placement', 'wide', site.placement ?? '—') : undefined,
      ),
    ),
  );
  byId('site-notes').replaceChildren(...placeholderNotes(sites, name));
}

function shareNode(share, largest) {
  if (share === 0) return element('span', { class: 'share' }, quantity(0, 1, '%'));
  const bar = element('span', { class: 'bar', 'aria-hidden': 'true' });
  bar.style.width = `${(100 * share) / largest}%`;
  return element('span', { class: 'share' }, quantity(100 * share, 1, '%'), bar);
}

function carbonNodes({ carbonKgPerKwh, sources }) {
  const figure = quantity(carbonKgPerKwh, 3, 'kg/kWh');
  if (!sources.carbon.placeholder) return [figure];
  return [
    figure,
    element(
      'span',
      { class: 'placeholder-mark', title: `Placeholder: ${sources.carbon.source}` },
      element('span', { 'aria-hidden': 'true' }, '†'),
      element('span', { class: 'visually-hidden' }, ' placeholder, see the note below the table'),
    ),
  ];
}

function placeholderNotes(sites, name) {
  const bySource = new Map();
  for (const { site, sources } of sites) {
    if (!sources.carbon.placeholder) continue;
    const names = bySource.get(sources.carbon.source) ?? [];
    bySource.set(sources.carbon.source, [...names, name(site)]);
  }
  return [...bySource].map(([source, names]) =>
    element(
      'p',
      {},
      `† Placeholder in place of hourly data for ${list(names)}: ${source}. Shares follow it, so read them with care.`,
    ),
  );
}

const TRIGGERS = { cron: 'on schedule (cron)', admin: 'by an administrator (admin)' };
const OUTCOMES = { running: 'under way', failed: 'failed' };

function showRun(data) {
  const { latestRun: run, lastFailure } = data;
  byId('round-scroll').hidden = !run || run.rounds.length === 0;
  if (!run) {
    byId('run-facts').replaceChildren(fact('Asked for', 'never'));
    byId('run-notes').replaceChildren();
    return;
  }
  const took = run.endedUtcMs === undefined ? undefined : run.endedUtcMs - run.requestedUtcMs;
  byId('run-facts').replaceChildren(
    fact('Asked for', timeNode(run.requestedUtcMs)),
    fact('Trigger', TRIGGERS[run.trigger] ?? run.trigger),
    fact(
      'Outcome',
      run.status === 'published' ? `plan ${run.planVersion}` : (OUTCOMES[run.status] ?? run.status),
    ),
    ...(took === undefined ? [] : [fact('Took', milliseconds(took))]),
  );
  byId('rounds-caption').textContent =
    `${count(run.rounds.length, 'round')}. The optimum lies between bound and objective, and the gap is their ` +
    `difference relative to the objective. Rounds end at a gap of ${percent(run.gapTarget)}.`;
  const name = namesOf(data);
  byId('round-rows').replaceChildren(...run.rounds.map((round) => roundRow(round, name)));
  const scroll = byId('round-scroll');
  const scrolling = { tabindex: '0', role: 'region', 'aria-labelledby': 'run-title' };
  for (const [attribute, value] of Object.entries(scrolling)) {
    if (run.rounds.length > ROUNDS_IN_VIEW) scroll.setAttribute(attribute, value);
    else scroll.removeAttribute(attribute);
  }
  byId('run-notes').replaceChildren(
    ...(run.status === 'failed' ? [failureNote('Failed', run)] : []),
    ...(lastFailure && lastFailure.runId !== run.runId
      ? [failureNote('An earlier optimization failed', lastFailure)]
      : []),
  );
}

function failureNote(what, { error, endedUtcMs }) {
  return element('p', {}, `${what}, `, timeNode(endedUtcMs), `: ${error ?? 'no reason given'}`);
}

function roundRow({ round, mode, certificate, wallMs, missing, excluded }, name) {
  const absent = missing.map(({ site, reason }) => `${name(site)} (${clipped(reason, 120)})`);
  const dropped = excluded.length > 0 ? `; from here on without ${list(excluded.map(name))}` : '';
  return row(
    rowHead(
      element('span', { class: 'label' }, 'Round '),
      String(round),
      element('span', { class: 'unit' }, mode),
    ),
    cell('Objective', 'number', quantity(certificate?.objectiveAud ?? Number.NaN, 2, 'AUD')),
    cell('Bound', 'number', quantity(certificate?.lowerBoundAud ?? Number.NaN, 2, 'AUD')),
    cell('Gap', 'number', percent(certificate?.gap ?? null)),
    cell('Wall time', 'number', milliseconds(wallMs)),
    cell('Missing sites', 'wide', absent.length > 0 ? `${list(absent)}${dropped}` : 'none'),
  );
}

const SOURCES = {
  weather: 'Weather',
  price: 'Electricity price',
  carbon: 'Grid carbon',
  water: 'Water',
};

function showSources(data) {
  const name = namesOf(data);
  const sites = data.plan.sites.toSorted((a, b) => b.share - a.share);
  byId('source-rows').replaceChildren(
    ...sites.map(({ site, sources }) =>
      row(
        rowHead(name(site)),
        ...Object.entries(SOURCES).map(([kind, label]) =>
          cell(
            label,
            undefined,
            `${sources[kind].source} `,
            sources[kind].placeholder
              ? element('span', { class: 'tag' }, 'placeholder')
              : undefined,
          ),
        ),
      ),
    ),
  );
}

let shownReport = '';

/** Rebuilt only when the answer changed, so that selections and scrolling survive. */
function showReport(data) {
  const { nowUtcMs: _, ...lasting } = data;
  const key = JSON.stringify(lasting);
  if (key === shownReport) return;
  byId('fleet').textContent = ` · fleet ${data.fleet}`;
  byId('facts').hidden = !data.plan;
  byId('sites').hidden = !data.plan;
  byId('sources').hidden = !data.plan;
  if (data.plan) {
    byId('facts').replaceChildren(...planFacts(data));
    showSites(data);
    showSources(data);
  }
  showRun(data);
  byId('report').hidden = false;
  shownReport = key;
}

function hideReport() {
  shownReport = '';
  byId('report').hidden = true;
  byId('facts').hidden = true;
  byId('fleet').textContent = '';
  byId('as-of').textContent = '';
}

function showAsOf({ nowUtcMs, receivedMs }) {
  const seconds = { ...TIME, second: '2-digit' };
  const local = localText(nowUtcMs, seconds);
  const utc = `${dateText(nowUtcMs, { ...DATE, ...seconds, timeZone: 'UTC' })} UTC`;
  const clock =
    Math.abs(nowUtcMs - receivedMs) > CLOCK_DIFFERENCE_MS
      ? ' The system’s clock differs from yours; ages are by the system’s.'
      : '';
  byId('as-of').textContent =
    `As of ${utc}${local ? ` (${local})` : ''}; asked anew every ${REFRESH_MS / 1000} s.${clock}`;
}

/* The admin token, kept for this tab */

const tokenStore = {
  read() {
    try {
      return sessionStorage.getItem(TOKEN_KEY) ?? '';
    } catch {
      return '';
    }
  },
  write(token) {
    try {
      if (token) sessionStorage.setItem(TOKEN_KEY, token);
      else sessionStorage.removeItem(TOKEN_KEY);
    } catch {
      // Without storage the token is asked for again.
    }
  },
};

function lock(rejected) {
  latest = undefined;
  hideReport();
  byId('forget').hidden = true;
  byId('token-form').hidden = false;
  showSentences(
    'locked',
    [[rejected ? 'That admin token is not the right one.' : 'This status needs the admin token.']],
    Date.now(),
  );
  if (document.activeElement === document.body) byId('token').focus();
}

function unlock() {
  const form = byId('token-form');
  byId('forget').hidden = token === '';
  if (form.hidden) return;
  const hadFocus = form.contains(document.activeElement);
  form.hidden = true;
  if (hadFocus) byId('sentence').focus();
}

/* Asking */

let latest;
let token = tokenStore.read();
let timer;
let asking = false;

async function fetchStatus() {
  const response = await fetch('/status.json', {
    headers: token ? { authorization: `Bearer ${token}` } : {},
    cache: 'no-store',
    signal: AbortSignal.timeout(GIVE_UP_MS),
  });
  if (response.status === 401) return undefined;
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
  const data = await response.json().catch(() => undefined);
  if (typeof data?.nowUtcMs !== 'number' || !Array.isArray(data.sites)) {
    throw new Error('the answer is not a status');
  }
  return { ...data, receivedMs: Date.now() };
}

async function refresh() {
  if (asking) return;
  asking = true;
  clearTimeout(timer);
  let next = REFRESH_MS;
  try {
    const data = await fetchStatus();
    if (data === undefined) {
      lock(token !== '');
      token = '';
      tokenStore.write('');
      next = undefined;
    } else {
      show(data);
    }
  } catch (error) {
    showUnreachable(error);
  }
  asking = false;
  if (next !== undefined) timer = setTimeout(refresh, next);
}

function show(data) {
  const { receivedMs, ...answer } = data;
  unlock();
  showReport(answer);
  showAsOf(data);
  const { level, sentences } = assess(answer);
  showSentences(level, sentences, answer.nowUtcMs);
  latest = data;
}

function showUnreachable(error) {
  const why = {
    TimeoutError: `no answer within ${GIVE_UP_MS / 1000} s`,
    TypeError: 'no connection',
  }[error.name];
  const lead = `The status cannot be reached (${why ?? error.message})`;
  const sentence = latest
    ? [`${lead}: what is shown here was true `, ago(latest.receivedMs), ' and may no longer hold.']
    : [`${lead}; trying again every ${REFRESH_MS / 1000} s.`];
  showSentences('unknown', [sentence], Date.now());
}

byId('token-form').addEventListener('submit', (event) => {
  event.preventDefault();
  const input = byId('token');
  const typed = input.value.trim();
  input.value = '';
  // What a header cannot carry is no token.
  if (!/^[\x21-\x7e]+$/.test(typed)) {
    lock(true);
    return;
  }
  token = typed;
  tokenStore.write(token);
  refresh();
});

byId('forget').addEventListener('click', () => {
  token = '';
  tokenStore.write('');
  refresh();
});

document.addEventListener('visibilitychange', () => {
  if (!document.hidden && byId('token-form').hidden) refresh();
});

// Paper cannot be unfolded.
let unfolded = false;
window.addEventListener('beforeprint', () => {
  const details = byId('sources-details');
  unfolded = !details.open;
  details.open = true;
});
window.addEventListener('afterprint', () => {
  if (unfolded) byId('sources-details').open = false;
});

// Rows are blocks on narrow screens; some browsers then forget that they are rows.
for (const [selector, role] of [
  ['table', 'table'],
  ['thead, tbody', 'rowgroup'],
  ['thead tr', 'row'],
  ['thead th', 'columnheader'],
]) {
  for (const node of document.querySelectorAll(selector)) node.setAttribute('role', role);
}

refresh();
