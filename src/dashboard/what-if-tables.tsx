import type { Figures } from '../core/planning/charge.ts';
import type { PlanViewBody } from '../core/planning/plan-view.ts';
import type { SlotView } from '../core/planning/view.ts';
import { type TriedPrices, weighedAud } from '../core/planning/weighed.ts';
import { difference, figure, fixed, signed } from './format.ts';
import { Head } from './head.tsx';
import { Scroll } from './scroll.tsx';

interface Row {
  label: string;
  of(slots: SlotView[]): number;
}

const sum = (slots: SlotView[], of: (f: Figures) => number | null) =>
  slots.reduce((total, s) => total + (of(s.plan) ?? Number.NaN), 0);

/** Of slots of an hour each. */
const rowsAt = (prices: TriedPrices): Row[] => [
  { label: 'Energy, kWh', of: (s) => sum(s, (f) => f.energyKwhPerH) },
  { label: 'Carbon, kg CO₂e', of: (s) => sum(s, (f) => f.carbonKgPerH) },
  { label: 'Water, L', of: (s) => sum(s, (f) => f.waterLPerH) },
  { label: 'Energy cost, AUD', of: (s) => sum(s, (f) => f.costAudPerH) },
  {
    label: 'Time to first token, ms',
    of: (s) => sum(s, (f) => f.reqPerS * (f.ttftMs ?? 0)) / sum(s, (f) => f.reqPerS),
  },
  { label: 'Weighed at these prices, AUD', of: (s) => sum(s, (f) => weighedAud(f, prices)) },
];

/** The tried plan beside the one that holds: sums, and the sites' shares. */
export function WhatIfTables({
  view,
  tried,
  prices,
  isStale,
}: {
  view: PlanViewBody;
  tried: SlotView[];
  prices: TriedPrices;
  /** The tried plan is of other prices than the sliders show, or beside another plan. */
  isStale: boolean;
}) {
  const live = view.slots as SlotView[];
  // As shown, in tenths of a percent, so that what moved is the difference of what is shown.
  const share = (slots: SlotView[], j: number) => {
    const own = slots.reduce((total, s) => total + (s.sites[j]?.reqPerS ?? 0), 0);
    return Math.round((1000 * own) / sum(slots, (f) => f.reqPerS)) / 10;
  };
  const sites = view.fleet.sites
    .map((site, j) => ({ site, before: share(live, j), after: share(tried, j) }))
    .sort((a, b) => Math.max(b.before, b.after) - Math.max(a.before, a.after));
  const whatIf = isStale ? 'What if (out of date)' : 'What if';
  return (
    <div class={isStale ? 'pair stale' : 'pair'} aria-busy={isStale}>
      <Scroll labelledBy="what-if-title">
        <table class="what-if">
          <Head first={['All hours, marginal']} numbers={['The plan', whatIf, 'Difference']} />
          <tbody>
            {rowsAt(prices).map(({ label, of }) => (
              <tr key={label}>
                <th scope="row">{label}</th>
                <td class="number">{figure(of(live), 4)}</td>
                <td class="number">{figure(of(tried), 4)}</td>
                <td class="number">{difference(of(tried), of(live))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <Scroll labelledBy="what-if-title">
        <table class="what-if">
          <Head first={['Share of requests, %']} numbers={['The plan', whatIf, 'Moved']} />
          <tbody>
            {sites.map(({ site, before, after }) => (
              <tr key={site.id}>
                <th scope="row">{site.name}</th>
                <td class="number">{fixed(before, 1)}</td>
                <td class="number">{fixed(after, 1)}</td>
                <td class="number">{signed(after - before, 1)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </div>
  );
}
