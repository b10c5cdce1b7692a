import type { SlotView } from '../core/planning/view.ts';
import { fixed, signed } from './format.ts';
import { Head } from './head.tsx';
import { plannedTtft } from './measured.ts';
import { Scroll } from './scroll.tsx';
import type { SiteOrderKind } from './site-order.tsx';
import type { OperatedSite } from './sites.tsx';
import { TroubleTag } from './trouble-tag.tsx';
import type { SiteTrouble } from './types.ts';

/** Every site with its state, health and times, and the buttons that change it. */
export function SitesTable({
  sites,
  slot,
  troubles,
  onOrder,
}: {
  /** In the fleet's order, as those of the slot. */
  sites: readonly OperatedSite[];
  /** The plan's present hour. */
  slot: SlotView | undefined;
  troubles: readonly SiteTrouble[];
  onOrder: (kind: SiteOrderKind, site: OperatedSite) => void;
}) {
  const total = slot?.plan.reqPerS ?? 0;
  return (
    <Scroll labelledBy="operated-title">
      <table class="operated">
        <Head
          first={['Site', 'State', 'Change']}
          numbers={[
            'Share, %',
            'Utilisation, %',
            'TTFT to the client, planned, ms',
            'TTFT measured, ms',
            'Streams measured',
            'TTFT planned for these, ms',
            'Measured less planned, ms',
            'Prefill, × registry',
            'Decoding, × registry',
          ]}
        />
        <tbody>
          {sites.map((site, j) => {
            const planned = slot?.sites[j];
            const { measured } = site;
            const covered = plannedTtft(measured, planned?.waitMs);
            return (
              <tr key={site.id}>
                <th scope="row">{site.name}</th>
                <td>
                  <State site={site} troubles={troubles} />
                </td>
                <td class="orders">
                  {site.override?.drained ? (
                    <Order of={site} name="Undrain" onClick={() => onOrder('undrain', site)} />
                  ) : (
                    site.state === 'active' && (
                      <Order of={site} name="Drain" onClick={() => onOrder('drain', site)} />
                    )
                  )}
                  <Order of={site} name="Limit" onClick={() => onOrder('limit', site)} />
                </td>
                <td class="number">
                  {fixed(planned && total > 0 ? (100 * planned.reqPerS) / total : undefined, 1)}
                </td>
                <td class="number">{fixed(planned && 100 * planned.utilisation, 0)}</td>
                <td class="number">{fixed(planned?.ttftMs, 0)}</td>
                <td class="number">{fixed((covered ?? measured)?.ttftMs, 0)}</td>
                <td class="number">{fixed((covered ?? measured)?.streams ?? 0, 0)}</td>
                <td class="number">{fixed(covered?.plannedMs, 0)}</td>
                <td class="number">
                  {covered ? signed(covered.ttftMs - covered.plannedMs, 0) : '—'}
                </td>
                <td class="number">{fixed(site.plan?.speed?.prefill, 2)}</td>
                <td class="number">{fixed(site.plan?.speed?.decode, 2)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </Scroll>
  );
}

function State({ site, troubles }: { site: OperatedSite; troubles: readonly SiteTrouble[] }) {
  const limit = site.override?.capacityShare;
  return (
    <span class="tags">
      {site.state === 'drained' ? <span class="tag alert">drained</span> : 'in use'}
      {limit !== undefined && <span class="tag">at most {fixed(100 * limit, 0)} %</span>}
      <TroubleTag of={site.id} troubles={troubles} />
      {site.isDown === null && <span class="tag">health unknown</span>}
      {site.excluded !== null && <span class="tag alert">left out of the plan</span>}
    </span>
  );
}

function Order({ of, name, onClick }: { of: OperatedSite; name: string; onClick: () => void }) {
  return (
    <button type="button" class="plain" aria-label={`${name} ${of.name}`} onClick={onClick}>
      {name}
    </button>
  );
}
