import type { Fleet } from '../../core/model/fleet.ts';
import { mayWait } from '../../core/model/request-class.ts';
import type { Figures } from './figures.ts';

/** A quantity as the model has it and as the simulation found it. */
export interface Comparison {
  /** `utilisation`, `chat TTFT mean`, … */
  quantity: string;
  unit: 'ms' | 'kWh' | 'h' | '%';
  forecast: number;
  simulated: number;
  /** (forecast − simulated) / simulated; of shares, the difference in points over 100. */
  error: number;
  /** Whether the error is beyond the tolerance. */
  off: boolean;
}

/**
 * What the fluid model gets wrong, and by how much.
 * @param tolerance of relative errors; of shares, a tenth of it in points: 0.1 bears 1 point
 */
export function compare(
  fleet: Fleet,
  model: Figures,
  simulated: Figures,
  tolerance: number,
): Comparison[] {
  const rows: Comparison[] = [];
  const relative = (
    quantity: string,
    unit: Comparison['unit'],
    of: (f: Figures) => number,
  ): void => {
    const [forecast, found] = [of(model), of(simulated)];
    const error = found === forecast ? 0 : (forecast - found) / found;
    rows.push({
      quantity,
      unit,
      forecast,
      simulated: found,
      error,
      off: Math.abs(error) > tolerance,
    });
  };
  const points = (quantity: string, forecast: number, found: number): void => {
    rows.push({
      quantity,
      unit: '%',
      forecast: 100 * forecast,
      simulated: 100 * found,
      error: forecast - found,
      off: Math.abs(forecast - found) > tolerance / 10,
    });
  };
  relative('utilisation', '%', (f) => fleetUtilisationPct(fleet, f));
  relative('IT energy', 'kWh', (f) => f.sites.reduce((sum, s) => sum + s.itKwh, 0));
  relative('facility energy', 'kWh', (f) => f.sites.reduce((sum, s) => sum + s.facilityKwh, 0));
  if (model.waiting && simulated.waiting) {
    points('put off', model.waiting.movedShare, simulated.waiting.movedShare);
    relative('mean delay', 'h', (f) => f.waiting?.meanDelayHours as number);
  }
  fleet.classes.forEach((cls, k) => {
    // Nobody waits for work that may wait.
    if (mayWait(cls)) return;
    const of = (key: TtftKey) => (f: Figures) => (f.classes[k] as Figures['classes'][number])[key];
    for (const [name, key] of ttftQuantities) relative(`${cls.id} ${name}`, 'ms', of(key));
    const [forecast, found] = [of('overSloShare')(model), of('overSloShare')(simulated)];
    points(`${cls.id} over SLO`, forecast, found);
  });
  return rows;
}

type TtftKey = Exclude<keyof Figures['classes'][number], 'class' | 'requests'>;

const ttftQuantities: [string, TtftKey][] = [
  ['TTFT mean', 'ttftMeanMs'],
  ['TTFT p50', 'ttftP50Ms'],
  ['TTFT p95', 'ttftP95Ms'],
  ['TTFT p99', 'ttftP99Ms'],
];

/** Of all servers together, in percent. */
function fleetUtilisationPct(fleet: Fleet, { sites }: Figures): number {
  const servers = fleet.sites.map((s) => s.hardware.servers);
  const busy = sites.reduce((sum, s, j) => sum + s.utilisation * (servers[j] as number), 0);
  return (100 * busy) / servers.reduce((a, b) => a + b, 0);
}
