import { useState } from 'preact/hooks';
import type { BatchOutcome } from '../core/planning/batch-outcome.ts';
import type { PlanViewBody } from '../core/planning/plan-view.ts';
import type { SlotView } from '../core/planning/view.ts';
import { FlowTable } from './flow-table.tsx';
import { clock, count, fixed, percent, within } from './format.ts';
import { Head } from './head.tsx';
import type { Ask, LiveState } from './live.ts';
import { FleetMap } from './map.tsx';
import { MeasureChoice } from './measure-choice.tsx';
import { MeasuredNow } from './measured.tsx';
import { type MeasureId, measures } from './measures.ts';
import { NoPlan } from './no-plan.tsx';
import { Scroll } from './scroll.tsx';
import { Sources } from './sources.tsx';
import { Term } from './term.tsx';
import { Tiles } from './tiles.tsx';
import { TroubleTag } from './trouble-tag.tsx';
import type { SiteTrouble, Status } from './types.ts';
import { When } from './when.tsx';

/** What the system does now: what happens, and what is planned. */
export function NowView({ live, ask }: { live: LiveState; ask: Ask }) {
  const { status, view } = live;
  if (!status) return null;
  const slot = view?.slots?.[status.plan?.slot ?? -1];
  return (
    <>
      <MeasuredNow
        ask={ask}
        slot={slot}
        isSimulated={status.madeUpReqPerS !== null || status.clockRate > 1}
      />
      <PlannedNow status={status} view={view} slot={slot} />
    </>
  );
}

function PlannedNow({
  status,
  view,
  slot,
}: {
  status: Status;
  view: PlanViewBody | undefined;
  slot: SlotView | undefined;
}) {
  const [measureId, setMeasure] = useState<MeasureId>('temperature');
  const { plan } = status;
  if (!plan) return <NoPlan />;
  if (!view || !slot) {
    return (
      <section>
        {view ? 'This plan does not say what its hours are.' : 'Asking for the plan …'}
      </section>
    );
  }
  return (
    <>
      <div class="now">
        <section aria-labelledby="map-title">
          <div class="section-head">
            <h2 id="map-title">{plan.stale ? 'This hour, by an old plan' : 'This hour'}</h2>
            <MeasureChoice chosen={measureId} onChoose={setMeasure} />
          </div>
          <FleetMap {...{ view, slot, measureId }} troubles={status.troubles ?? []} />
          <FlowTable view={view} slot={slot} />
          <p class="source">
            {measures[measureId].about} Coasts and borders: Natural Earth (public domain).
          </p>
        </section>
        <section aria-labelledby="figures-title">
          <h2 id="figures-title">
            Planned for this hour, against every request at its nearest site
          </h2>
          {(status.troubles ?? []).length > 0 && (
            <p class="alert">
              A site is in trouble: these figures are the plan, not what happens now.
            </p>
          )}
          <Tiles slot={slot} />
          <PlanFacts plan={plan} />
          <p class="source">
            Planned for the hour from <When utcMs={slot.utcMs} />, at the expected demand, whatever
            comes. What requests take at the margin, {wordOf(slot)}; what sites draw at no request
            is in neither. The nearest site passes on what it has no room for.
          </p>
        </section>
      </div>
      <SitesNow {...{ view, slot, plan }} troubles={status.troubles ?? []} />
      <Sources status={status} />
    </>
  );
}

function wordOf(slot: SlotView): string {
  const told = slot.sites.filter((s) => s.isDisclosed).length;
  if (told === slot.sites.length) return 'by the sites’ own word';
  if (told === 0) return 'estimated from weather and grid, since no site tells it';
  return `by the own word of ${told} of ${slot.sites.length} sites, estimated for the others`;
}

function PlanFacts({ plan }: { plan: NonNullable<Status['plan']> }) {
  return (
    <dl class="facts">
      <div>
        <dt>
          <Term>Certificate</Term>
        </dt>
        <dd>
          within {within(plan.certificate.gap)} of the optimum, {count(plan.rounds, 'round')}
        </dd>
      </div>
      <div>
        <dt>Plan {plan.version} made</dt>
        <dd>
          <When utcMs={plan.createdUtcMs} />
        </dd>
      </div>
      <div>
        <dt>Served at the nearest site, whole plan</dt>
        <dd>{percent(plan.nearestShare)}</dd>
      </div>
      <div>
        <dt>Unserved, whole plan</dt>
        <dd>{percent(plan.unservedShare)}</dd>
      </div>
      {plan.batch?.map((batch) => (
        <div key={batch.class}>
          <dt>May wait: {batch.class}</dt>
          <dd>{batchText(batch)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** How much of a class's work is put off, and what finds no room in time. */
function batchText({ movedShare, meanDelayHours, requests, unservedRequests }: BatchOutcome) {
  const lost = unservedRequests > 0 ? `; ${percent(unservedRequests / requests)} unserved` : '';
  return `${percent(movedShare)} put off, ${fixed(meanDelayHours, 1)} h in the mean of all${lost}`;
}

function SitesNow({
  view,
  slot,
  plan,
  troubles,
}: {
  view: PlanViewBody;
  slot: SlotView;
  plan: NonNullable<Status['plan']>;
  troubles: readonly SiteTrouble[];
}) {
  const total = slot.plan.reqPerS;
  const out = new Set(plan.excluded.map((e) => e.site));
  const isDrained = (id: string) => plan.overrides?.sites[id]?.drained;
  const rows = view.fleet.sites
    .map((site, j) => ({ site, s: slot.sites[j] as SlotView['sites'][number] }))
    .sort((a, b) => b.s.reqPerS - a.s.reqPerS);
  return (
    <section aria-labelledby="sites-title">
      <h2 id="sites-title">Sites this hour</h2>
      <Scroll labelledBy="sites-title">
        <table>
          <Head
            first={['Site', 'Local hour', 'Share of requests']}
            numbers={[
              'Utilisation',
              'Temperature, °C',
              'pPUE',
              'Marginal PUE',
              'Price, AUD/kWh',
              'Grid carbon, kg/kWh',
            ]}
          />
          <tbody>
            {rows.map(({ site, s }) => (
              <tr key={site.id}>
                <th scope="row">
                  {site.name} {out.has(site.id) && <span class="tag alert">left out</span>}
                  {isDrained(site.id) && <span class="tag">drained</span>}{' '}
                  <TroubleTag of={site.id} troubles={troubles} />
                </th>
                <td>{clock(slot.utcMs, site.timeZone)}</td>
                <td>
                  <Share share={total > 0 ? s.reqPerS / total : 0} />
                </td>
                <td class="number">{fixed(100 * s.utilisation, 0)} %</td>
                <td class="number">{fixed(s.tempC, 1)}</td>
                <td class="number">
                  {fixed(s.ppue, 3)}
                  {!s.isPpueTold && ' est.'}
                </td>
                <td class="number">
                  {fixed(s.meterKwhPerKwh, 3)}
                  {!s.isDisclosed && ' est.'}
                </td>
                <td class="number">{fixed(s.audPerKwh, 3)}</td>
                <td class="number">{fixed(s.carbonKgPerKwh, 3)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}

function Share({ share }: { share: number }) {
  return (
    <span class="share">
      <span>{fixed(100 * share, 1)} %</span>
      <svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
        <rect width={100 * share} height={1} />
      </svg>
    </span>
  );
}
