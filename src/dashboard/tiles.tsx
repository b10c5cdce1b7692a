import type { Figures } from '../core/planning/charge.ts';
import type { SlotView } from '../core/planning/view.ts';
import { Against } from './against.tsx';
import { figure } from './format.ts';

interface Tile {
  label: string;
  unit: string;
  of(f: Figures): number | null;
}

const tiles: Tile[] = [
  { label: 'Energy', unit: 'kW', of: (f) => f.energyKwhPerH },
  { label: 'Carbon', unit: 'kg CO₂e/h', of: (f) => f.carbonKgPerH },
  { label: 'Water', unit: 'L/h', of: (f) => f.waterLPerH },
  { label: 'Energy cost', unit: 'AUD/h', of: (f) => f.costAudPerH },
  { label: 'Time to first token', unit: 'ms', of: (f) => f.ttftMs },
];

/** What the requests planned for the present hour take, beside what they would take at their nearest sites. */
export function Tiles({ slot }: { slot: SlotView }) {
  return (
    <dl class="tiles">
      <div>
        <dt>Requests</dt>
        <dd>
          <span class="value">{figure(slot.plan.reqPerS)}</span> <span class="unit">/s</span>
        </dd>
        <dd class="against">{servedText(slot)}</dd>
      </div>
      {tiles.map(({ label, unit, of }) => {
        const [plan, nearest] = [of(slot.plan), of(slot.nearest)];
        return (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              <span class="value">{figure(plan)}</span> <span class="unit">{unit}</span>
            </dd>
            <dd class="against">
              {plan === null || nearest === null ? (
                'not known'
              ) : (
                <Against value={plan} baseline={nearest} />
              )}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

const isNone = (reqPerS: number) => reqPerS <= 1e-3;

function servedText({ plan, nearest }: SlotView): string {
  const lost = plan.unservedReqPerS;
  const own = isNone(lost)
    ? 'planned, all served'
    : `planned, ${figure(lost)} more a second are not served`;
  // Figures beside each other are then not of as many requests.
  const differs = !isNone(Math.abs(lost - nearest.unservedReqPerS));
  return differs ? `${own}, ${figure(nearest.unservedReqPerS)} at nearest sites` : own;
}
