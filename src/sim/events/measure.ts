import type { Fleet } from '../../core/model/fleet.ts';
import { siteFactors } from '../../core/model/site-power.ts';
import { conditionsAt, type PlanningInputs } from '../../core/planning/inputs.ts';
import type { Figures, SiteFigures } from './figures.ts';
import type { ReplayResult, Sample } from './run.ts';

/** Beside what the model speaks of: what only the simulation knows of a site. */
export interface MeasuredSite extends SiteFigures {
  /** Share of time that servers prefill or decode, of all servers. */
  busyShare: number;
  /** Share of time in prefill. */
  prefillShare: number;
  /** Sequences decoded at once, mean over the time of decoding. */
  meanBatch: number;
}

/** The figures of a simulated span. */
export function measure(
  fleet: Fleet,
  inputs: PlanningInputs,
  result: ReplayResult,
): Figures & { sites: MeasuredSite[] } {
  const hours = inputs.slotCount * inputs.slotHours;
  const waitMs = new Float64Array(fleet.sites.length);
  for (const s of result.samples) waitMs[s.site] = (waitMs[s.site] as number) + s.waitMs;
  const sites = fleet.sites.map((site, j): MeasuredSite => {
    const m = result.sites[j] as ReplayResult['sites'][number];
    const capacityS = site.hardware.servers * hours * 3600;
    const overheadKwh = site.cost.fixedOverheadKw * hours;
    const facilityKwh = m.itKwhBySlot.reduce((sum, kwh, t) => {
      return sum + kwh * siteFactors(site, conditionsAt(inputs, j, t)).ppue;
    }, overheadKwh);
    return {
      site: site.id,
      requests: m.requests,
      utilisation: (m.prefillS + m.decodeS) / capacityS,
      waitMeanMs: (waitMs[j] as number) / Math.max(1, m.requests),
      itKwh: m.itKwhBySlot.reduce((a, b) => a + b, 0),
      facilityKwh,
      awakeServers: site.hardware.servers * (1 - m.phaseS.asleep / capacityS),
      busyShare: (m.phaseS.prefill + m.phaseS.decode) / capacityS,
      prefillShare: m.phaseS.prefill / capacityS,
      meanBatch: m.phaseS.decode > 0 ? m.sequenceS / m.phaseS.decode : 0,
    };
  });
  const classes = fleet.classes.map((cls, k) => {
    const samples = result.samples.filter((s) => s.classIndex === k);
    return { class: cls.id, ...classFigures(samples, cls.ttftSloMs ?? Infinity) };
  });
  return { classes, sites, ...(result.waiting && { waiting: result.waiting }) };
}

function classFigures(samples: Sample[], sloMs: number) {
  const ttftMs = Float64Array.from(samples, (s) => s.ttftMs).sort();
  const n = Math.max(1, ttftMs.length);
  const quantile = (p: number) => ttftMs[Math.min(n - 1, Math.floor(p * n))] ?? 0;
  return {
    requests: ttftMs.length,
    ttftMeanMs: ttftMs.reduce((a, b) => a + b, 0) / n,
    ttftP50Ms: quantile(0.5),
    ttftP95Ms: quantile(0.95),
    ttftP99Ms: quantile(0.99),
    waitMeanMs: samples.reduce((sum, s) => sum + s.waitMs, 0) / n,
    overSloShare: ttftMs.filter((ms) => ms > sloMs).length / n,
  };
}
