import type { SitePlant } from '../../../src/core/optimizer/site-plant/plant.ts';
import type { SiteProblem } from '../../../src/core/optimizer/site-subproblem.ts';

/** Requests as the program sees them: given totals, or a box at prices. */
export type LpRequests =
  | { totals: Float64Array }
  | {
      prices: Float64Array;
      box: Float64Array;
      lines?: (slot: number) => { slope: number; intercept: number }[];
    };

/**
 * The plant's linear program in CPLEX LP text, written from the equations of plant.ts and nothing of
 * the solver: limits are hard, N and M are variables of their own.
 */
export function plantLp(site: SiteProblem, p: SitePlant, requests: LpRequests): string {
  const { slotCount: T, classCount: K } = site;
  const h = p.slotHours;
  const cost: string[] = [];
  const rows: string[] = [];
  const bounds: string[] = [];
  const term = (c: number, name: string) => `${c < 0 ? '-' : '+'} ${Math.abs(c)} ${name}`;
  const bound = (name: string, most: number) => {
    if (most < Infinity) bounds.push(` ${name} <= ${most}`);
  };
  const water: string[] = [];
  const carbon: string[] = [];
  for (let t = 0; t < T; t++) {
    const it: string[] = [];
    const load: string[] = [];
    for (let k = 0; k < K; k++) {
      const at = t * K + k;
      const n = `n${t}_${k}`;
      const m = `m${t}_${k}`;
      if ('totals' in requests) bounds.push(` ${n} = ${requests.totals[at]}`);
      else {
        bound(n, requests.box[at]!);
      }
      rows.push(`${m} - ${n} <= 0`);
      const price = 'totals' in requests ? 0 : requests.prices[at]!;
      cost.push(term(p.unservedAud - price, n), term(-p.unservedAud, m));
      it.push(term(-p.kwPerReqPerS[at]!, m));
      load.push(term(site.loadPerReqPerS[k]!, n));
    }
    if (!('totals' in requests)) {
      rows.push(`${load.join(' ')} <= ${site.maxLoad[t]}`);
      if (requests.lines) {
        cost.push(`+ q${t}`);
        for (const { slope, intercept } of requests.lines(t)) {
          const less = load.map((l) => l.replace('+ ', '').split(' '));
          rows.push(
            `q${t} ${less.map(([s, n]) => term(-slope * Number(s), n!)).join(' ')} >= ${intercept}`,
          );
        }
      }
    }
    rows.push(`it${t} ${it.join(' ')} = ${p.baseItKw[t]}`);
    rows.push(`f${t} ${term(-p.ppue[t]!, `it${t}`)} = ${p.overheadKw}`);
    const b = p.battery;
    rows.push(`f${t} ${b ? `+ c${t} - d${t}` : ''} - b${t} + e${t} - s${t} = 0`);
    bound(`f${t}`, p.facilityKw);
    bound(`b${t}`, p.gridKw);
    bound(`e${t}`, Math.min(p.exportKw, p.solarKw[t]! + (b?.dischargeKw ?? 0)));
    bound(`s${t}`, p.solarKw[t]!);
    cost.push(term(h * p.importAud[t]!, `b${t}`), term(-h * p.exportAud[t]!, `e${t}`));
    cost.push(term(h * p.itAud[t]!, `it${t}`));
    if (b) {
      const before = t === 0 ? '' : `- soc${t - 1}`;
      rows.push(
        `soc${t} ${before} ${term(-h * b.chargeEfficiency, `c${t}`)} ${term(h / b.dischargeEfficiency, `d${t}`)} = ${t === 0 ? b.initialKwh : 0}`,
      );
      rows.push(`${1 / b.chargeKw} c${t} + ${1 / b.dischargeKw} d${t} <= 1`);
      bounds.push(` ${t === T - 1 ? b.initialKwh : 0} <= soc${t} <= ${b.capacityKwh}`);
    }
    if (p.peak) rows.push(`b${t} - r <= ${p.peak.paidKw}`);
    water.push(term(h * p.importWaterL[t]!, `b${t}`), term(h * p.itWaterL[t]!, `it${t}`));
    carbon.push(term(h * p.importCarbonKg[t]!, `b${t}`));
  }
  if (p.peak) cost.push(term(p.peak.audPerKw, 'r'));
  if (p.waterCapL < Infinity) rows.push(`${water.join(' ')} <= ${p.waterCapL}`);
  if (p.carbonCapKg < Infinity) rows.push(`${carbon.join(' ')} <= ${p.carbonCapKg}`);
  const named = rows.map((r, i) => ` r${i}: ${r.replace(/^\+ /, '')}`).join('\n');
  return `Minimize\n obj: ${cost.join('\n ')}\nSubject To\n${named}\nBounds\n${bounds.join('\n')}\nEnd\n`;
}
