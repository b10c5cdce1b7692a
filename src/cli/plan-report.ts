import { type ObjectivePrices, publicFleet } from '../core/model/fleet.ts';
import { KG_PER_TONNE, L_PER_KL, SECONDS_PER_HOUR } from '../core/model/units.ts';
import type { RoundReport } from '../core/optimizer/state.ts';
import { budgetPrices } from '../core/planning/budget.ts';
import { type SiteSeries, slotUtcMs } from '../core/planning/inputs.ts';
import { pricesOf, pricesWithParts, traceRound } from '../core/planning/plan.ts';
import { attributionsOfSites } from '../feeds/attribution.ts';
import { batchJson, batchText } from './batch-report.ts';
import { about, commonDigits, count, decimal, gapPercent, utc } from './format.ts';
import { attributionNotes, failedFeeds, sourcesOf } from './notes.ts';
import type { PlanRun } from './plan.ts';
import { siteTable, starNote } from './site-table.ts';
import { bold, bullets, wrap } from './table.ts';

/** Below this share, unserved demand is rounding. */
const NEGLIGIBLE_SHARE = 1e-9;

/** One round as it comes. */
export function roundLine(report: RoundReport): string {
  const { certificate, mode, round } = report;
  const missing = report.missing.map((m) => `${m.site} (${m.reason})`).join(', ');
  const state = certificate
    ? `gap ${gapPercent(certificate.gap)}, objective ${decimal(certificate.objectiveAud, 2)} AUD`
    : `no certificate, missing: ${missing}`;
  return `round ${round} (${mode}): ${state}`;
}

/** Share of all requests left unserved, rounding apart. */
function unservedShareOf({ totals }: PlanRun): number {
  const share = totals.requests > 0 ? totals.unservedRequests / totals.requests : 0;
  return share > NEGLIGIBLE_SHARE ? share : 0;
}

export function planText(run: PlanRun): string {
  const { fleet, inputs, totals, notes } = run;
  const rows = totals.sites.map((s, j) => ({
    ...s,
    isPlaceholder: (inputs.sites[j] as SiteSeries).sources.carbon.placeholder,
  }));
  const unserved = unservedShareOf(run);
  const lines = [
    bold(
      `Plan of ${fleet.name} for ${count(inputs.slotCount, 'hour')} from ${utc(inputs.startUtcMs)}`,
    ),
    ...missedLines(run),
    ...failedFeeds(fleet, inputs).map((text) => wrap(bold(`LIVE FEED FAILED: ${text}`))),
    '',
    siteTable(rows),
    '',
    wrap(
      ['Means over the hours planned; share of all requests served.', ...starNote(rows)].join(' '),
    ),
    wrap(
      `${decimal(totals.requests, 0)} requests, ${decimal(100 * run.nearestShare, 1)} % of those served at their nearest site; ` +
        `TTFT mean ${decimal(totals.ttftMeanMs, 0)} ms, p95 ${decimal(totals.ttftP95Ms, 0)} ms.`,
    ),
    wrap(awakeText(run)),
    ...plantLines(run),
    wrap(marginalText(run)),
    ...batchText(run),
    '',
    bold('Certificate'),
    certificateText(run),
    ...budgetLines(run),
  ];
  if (unserved > 0) {
    lines.push(
      wrap(
        `UNSERVED: ${decimal(totals.unservedRequests, 0)} requests (${decimal(100 * unserved, 2)} %) find no site that is up, allowed, fast enough and free; ` +
          `each is charged ${fleet.prices.unservedAudPerRequest} AUD.`,
      ),
    );
  }
  if (run.rampRelaxedSlots.length > 0) {
    lines.push(
      wrap(
        `Limits on rises over the previous plan were relaxed in ${count(run.rampRelaxedSlots.length, 'hour')}, so that all is served.`,
      ),
    );
  }
  lines.push(...unfairLines(run));
  if (notes.length > 0) lines.push('', bold('Notes'), bullets(notes));
  const data = attributionNotes(inputs).filter((text) => !notes.includes(`data: ${text}`));
  if (data.length > 0) lines.push('', bold('Data'), bullets(data));
  return `${lines.join('\n')}\n`;
}

function awakeText({ fleet, totals }: PlanRun): string {
  const awake = totals.sites.reduce((sum, s) => sum + s.awakeServers, 0);
  const all = fleet.sites.reduce((sum, s) => sum + s.hardware.servers, 0);
  return `${decimal(awake, 1)} of ${all} servers are awake in the mean.`;
}

/**
 * Fairness keeps requests from sites that are too far at zero load; where they wait for each other as
 * well, a zone's mean may still be beyond its limit, and then its own sites are busy.
 */
function unfairLines({ fleet, totals }: PlanRun): string[] {
  const beyond = totals.zones.flatMap(({ zone, ttftMeanMs, nearestTtftMs }, i) => {
    const limit = (fleet.zones[i]?.fairness ?? fleet.fairness)?.maxExtraTtftMs;
    const extraMs = ttftMeanMs - nearestTtftMs;
    if (limit === undefined || extraMs <= limit) return [];
    return [`${zone} by ${decimal(extraMs - limit, 1)} ms`];
  });
  if (beyond.length === 0) return [];
  return [
    wrap(
      `FAIRNESS: with waiting, the mean TTFT is beyond the limit over the nearest site of ${beyond.join(', ')}. ` +
        'No farther site is used; more capacity near these zones, or a higher price of waiting, brings it down.',
    ),
  ];
}

/** What the plants of sites gave; a site whose plant gave nothing has no line. */
function plantLines({ totals }: PlanRun): string[] {
  return totals.sites.flatMap(({ site, solarKwh, dischargedKwh }) => {
    const used = [
      ...(solarKwh >= 0.5 ? [`${decimal(solarKwh, 0)} kWh of its solar power used`] : []),
      ...(dischargedKwh >= 0.5 ? [`${decimal(dischargedKwh, 0)} kWh from its battery`] : []),
    ];
    return used.length > 0 ? [wrap(`${site}: ${used.join(', ')}.`)] : [];
  });
}

/** Budgets that no plan keeps, with the least that was reached. */
function missed({ solution }: PlanRun) {
  return (solution.budgets ?? []).flatMap(({ of, limit, amount, missedBy }) => {
    if (missedBy <= 0) return [];
    const [name, unit] = of === 'carbonKg' ? ['carbon', 'kg'] : ['water', 'L'];
    return [{ name, unit, limit: decimal(limit, 1), least: decimal(amount, 1) }];
  });
}

/** What to say of each of them. */
export function missedBudgets(run: PlanRun): string[] {
  return missed(run).map(
    ({ name, unit, limit, least }) =>
      `the budget of ${name} is missed: ${limit} ${unit} asked for, ${least} ${unit} the least reached`,
  );
}

/** Said at the top, since what follows is not what was asked for. */
function missedLines(run: PlanRun): string[] {
  return missed(run).map(({ name, unit, limit, least }) =>
    wrap(
      bold(
        `BUDGET MISSED: ${least} of ${limit} ${unit} of ${name}, see the end of the certificate.`,
      ),
    ),
  );
}

/** The prices that marginal prices are made of: with budgets, their shadow prices on top. */
function marginalAt({ fleet, solution }: PlanRun): ObjectivePrices {
  return solution.shadow ? budgetPrices(fleet.prices, solution.shadow) : fleet.prices;
}

/** What one request more would cost, from the least to the most of all zones and hours. */
function marginalText(run: PlanRun): string {
  const { fleet, inputs, marginals } = run;
  const K = fleet.classes.length;
  const perMillion = 1e6 / (SECONDS_PER_HOUR * inputs.slotHours);
  const { carbonAudPerT, waterAudPerKl } = marginalAt(run);
  const span = fleet.classes.map((cls, k) => {
    const range = (slots: Float64Array[], aud: number, digits: number) => {
      const values = slots.flatMap((rows) => [...rows].filter((_, r) => r % K === k));
      const shown = (v: number) => decimal(v * aud * perMillion, digits);
      return `${shown(Math.min(...values))} to ${shown(Math.max(...values))}`;
    };
    const whole = `${cls.id} ${range(marginals.rowPrices, 1, 0)}`;
    if (!marginals.rowImpacts) return whole;
    const carbon = marginals.rowImpacts.map((r) => r.carbonKg);
    const water = marginals.rowImpacts.map((r) => r.waterL);
    return (
      `${whole}, of it ${range(carbon, carbonAudPerT / KG_PER_TONNE, 0)} for carbon ` +
      `and ${range(water, waterAudPerKl / L_PER_KL, 1)} for water`
    );
  });
  return `A request more would cost, in AUD per million, over zones and hours: ${span.join('; ')}.`;
}

/** What became of each budget, a missed one never in silence. */
function budgetLines({ fleet, solution }: PlanRun): string[] {
  return (solution.budgets ?? []).flatMap(({ of, limit, amount, shadowPrice, missedBy }) => {
    const { name, unit, priceUnit, own } = {
      carbonKg: {
        name: 'carbon',
        unit: 'kg',
        priceUnit: 'AUD/t',
        own: fleet.prices.carbonAudPerT,
      },
      waterL: { name: 'water', unit: 'L', priceUnit: 'AUD/kL', own: fleet.prices.waterAudPerKl },
    }[of];
    const used = `${decimal(amount, 1)} of ${decimal(limit, 1)} ${unit}`;
    const text =
      missedBy > 0
        ? `BUDGET MISSED: ${used} of ${name}, ${decimal(missedBy, 1)} ${unit} too much. It is missed even at ${decimal(own + shadowPrice, 0)} ${priceUnit}; bounds above count the excess at that price.`
        : `Budget of ${name} kept: ${used}; shadow price ${about(shadowPrice)} ${priceUnit} above the registry's ${decimal(own, 2)}.`;
    return [wrap(text)];
  });
}

function certificateText({ solution, gapTarget }: PlanRun): string {
  const { objectiveAud, lowerBoundAud, gap } = solution.certificate;
  const digits = Math.max(2, commonDigits([objectiveAud]));
  const rounds = count(solution.rounds, 'round');
  const stop = {
    gap: `the gap asked for (${gapPercent(gapTarget)}) was reached after ${rounds}`,
    rounds: `STOPPED at the limit of ${rounds}, short of the gap asked for (${gapPercent(gapTarget)})`,
    deadline: `STOPPED at the deadline after ${rounds}, short of the gap asked for (${gapPercent(gapTarget)})`,
  }[solution.stopReason];
  return [
    `objective    ${decimal(objectiveAud, digits)} AUD`,
    `lower bound  ${decimal(lowerBoundAud, digits)} AUD: no plan ${solution.budgets ? 'within the budgets ' : ''}costs less`,
    `gap          ${gapPercent(gap)}: ${stop} (${solution.state.mode})`,
  ].join('\n');
}

export function planJson(run: PlanRun) {
  const { fleet, inputs, solution, totals } = run;
  const bySite = (slots: Float64Array[]) =>
    slots.map((values, t) => ({
      utc: utc(slotUtcMs(inputs, t)),
      sites: Object.fromEntries(fleet.sites.map((s, j) => [s.id, values[j]])),
    }));
  return {
    schemaVersion: 1,
    fleet: fleet.name,
    startUtc: new Date(inputs.startUtcMs).toISOString(),
    slots: inputs.slotCount,
    slotHours: inputs.slotHours,
    mode: run.mode,
    rounds: solution.rounds,
    stopReason: solution.stopReason,
    gapTarget: run.gapTarget,
    ...solution.certificate,
    budgets: solution.budgets,
    unservedShare: unservedShareOf(run),
    nearestShare: run.nearestShare,
    gridKwh: totals.gridKwh,
    energyCostAud: totals.energyCostAud,
    carbonKg: totals.carbonKg,
    waterL: totals.waterL,
    ttftMeanMs: totals.ttftMeanMs,
    ttftP95Ms: totals.ttftP95Ms,
    sites: totals.sites,
    zones: totals.zones,
    rampRelaxedSlots: run.rampRelaxedSlots,
    loads: bySite(run.loads),
    traffic: run.traffic.map((slot, t) => ({ utc: utc(slotUtcMs(inputs, t)), ...slot })),
    awakeServers: bySite(run.awake),
    // Without times: equal plans have equal JSON.
    roundLog: run.rounds.map(({ wallMs: _, ...round }) => traceRound(round)),
    ...(run.batch.length > 0 && { batch: batchJson(run) }),
    marginalPrices: run.marginals.rowPrices.map((rows, t) => ({
      utc: utc(slotUtcMs(inputs, t)),
      ...pricesWithParts(
        pricesOf(publicFleet(fleet), rows, inputs.slotHours, run.marginals.rowImpacts?.[t]),
        marginalAt(run),
      ),
    })),
    notes: run.notes,
    sources: sourcesOf(fleet, inputs),
    demandSource: inputs.demandSource,
    attributions: attributionsOfSites(inputs.sites),
  };
}
