import type { Figures } from '../core/planning/charge.ts';
import type { SlotView } from '../core/planning/view.ts';
import { difference, figure } from './format.ts';

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

/** What the present hour's requests take, beside what they would take at their nearest sites. */
export function Tiles({ slot }: { slot: SlotView }) {
  return (
    <dl class="tiles">
      <div>
        <dt>Requests</dt>
        <dd>
          <span class="value">{figure(slot.plan.reqPerS)}</span> <span class="unit">/s</span>
        </dd>
        <dd class="against">
          {slot.plan.unservedReqPerS > 1e-3
            ? `${figure(slot.plan.unservedReqPerS)} more a second are not served`
            : 'all of them served'}
        </dd>
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
                'not disclosed'
              ) : (
                <>
                  <strong>{difference(plan, nearest)}</strong> than {figure(nearest)}
                </>
              )}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}
