import { useState } from 'preact/hooks';
import type { SiteOverride } from '../core/model/overrides.ts';
import type { PlanSite } from '../core/planning/plan.ts';
import { namesOf } from './assess.ts';
import { Changes } from './changes.tsx';
import { Gate, type GatedView } from './gate.tsx';
import { useAsked, useTick } from './hooks.ts';
import type { Ask, LiveState } from './live.ts';
import { ObjectiveForm } from './objective.tsx';
import { SiteOrder, type SiteOrderKind } from './site-order.tsx';
import { SitesTable } from './sites-table.tsx';
import type { Ttft } from './types.ts';

/** Sites are looked at again this often; routers hear of a change within about as long. */
const REFRESH_MS = 5000;

/** A site as the admin API tells of it. */
export interface OperatedSite {
  id: string;
  name: string;
  state: 'active' | 'drained';
  override: SiteOverride | null;
  /** Null where nobody can say. */
  isDown: boolean | null;
  measured: Ttft | null;
  /** Its part of the plan, and the speed it was planned with where that was measured. */
  plan: Pick<PlanSite, 'speed'> | null;
  /** Why the plan does without it. */
  excluded: string | null;
}

interface Sites {
  revision: number;
  /** What the plan that holds knows of. */
  plannedRevision: number | null;
  sites: OperatedSite[];
}

/** What is set for the sites, how they do, and the means to change it. */
export function SitesView({ live, ask, onToken }: GatedView) {
  if (!live.hasToken) {
    const why = 'Operating the sites needs the admin token';
    return <Gate isRejected={live.isRejected} why={why} onToken={onToken} />;
  }
  return <Operated live={live} ask={ask} />;
}

function Operated({ live, ask }: { live: LiveState; ask: Ask }) {
  const [tick, look] = useTick(REFRESH_MS);
  const version = live.status?.plan?.version;
  const { data, fault } = useAsked<Sites>(ask, '/admin/v1/sites', `${version}/${tick}`);
  const [order, setOrder] = useState<{ kind: SiteOrderKind; site: OperatedSite }>();
  const [said, say] = useState('');
  const slot = live.view?.slots?.[live.status?.plan?.slot ?? -1];
  return (
    <>
      <section aria-labelledby="operated-title">
        <div class="section-head">
          <h2 id="operated-title">Sites</h2>
          <p class="quiet">{data && planWord(data, version)}</p>
        </div>
        {fault && <p class="alert">The sites cannot be read: {fault}.</p>}
        <p role="status">{said}</p>
        {data && (
          <SitesTable
            sites={data.sites}
            slot={slot}
            troubles={live.status?.troubles ?? []}
            onOrder={(kind, site) => setOrder({ kind, site })}
          />
        )}
        <p class="source">
          A drained site gets no new request within seconds, requests under way go on to their end,
          and the next plan gives it nothing. A limit binds plans only: as a last resort routers ask
          a limited site, too. TTFT is time to first token. To the client: the plan’s mean of this
          hour’s requests, with the network from the client and waiting at the site. Measured: from
          the router’s request to the first token, streams of about the last quarter of an hour, all
          hours of day alike; what lies between client and router is not in it. Planned for these
          streams: what the plan has for each one’s own prompt, at the speeds it was made with, and
          the waiting of this hour. Prefill and decoding: times found in receipts over those of the
          registry, as far as the plan was made with them.
        </p>
      </section>
      <ObjectiveForm ask={ask} revision={data?.revision} onDone={look} />
      {order && (
        <SiteOrder
          {...order}
          share={shareOf(live, order.site)}
          ask={ask}
          onDone={(words) => {
            say(words);
            look();
          }}
          onClose={() => setOrder(undefined)}
        />
      )}
      <Changes ask={ask} revision={data?.revision} name={namesOf({ sites: data?.sites ?? [] })} />
    </>
  );
}

function planWord({ revision, plannedRevision }: Sites, version: number | undefined): string {
  if (plannedRevision === null || version === undefined) return 'There is no plan yet.';
  if (plannedRevision < revision)
    return `Plan ${version} does not know of the latest change yet: another is asked for within half a minute.`;
  return `Plan ${version} knows of all that is set.`;
}

/** Of this hour's requests, by the plan. */
function shareOf({ status, view }: LiveState, site: OperatedSite): number | undefined {
  const slot = view?.slots?.[status?.plan?.slot ?? -1];
  const j = view?.fleet.sites.findIndex((s) => s.id === site.id) ?? -1;
  const own = slot?.sites[j];
  return own && slot.plan.reqPerS > 0 ? own.reqPerS / slot.plan.reqPerS : undefined;
}
