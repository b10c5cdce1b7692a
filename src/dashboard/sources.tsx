import type { PlanSite } from '../core/planning/plan.ts';
import { namesOf } from './assess.ts';
import type { Status } from './types.ts';

const KINDS = { weather: 'Weather', price: 'Price', carbon: 'Carbon', water: 'Water' } as const;
const kinds = Object.keys(KINDS) as (keyof typeof KINDS)[];

/** Where each site's figures come from, sites with the same sources together. */
export function Sources({ status }: { status: Status }) {
  const { plan } = status;
  if (!plan) return null;
  const name = namesOf(status);
  return (
    <section aria-labelledby="sources-title">
      <h2 id="sources-title">Where the figures come from</h2>
      <dl class="sources">
        {kinds.map((kind) => {
          const groups = new Map<string, { names: string[]; of: Provenance }>();
          for (const { site, sources } of plan.sites) {
            const of = sources[kind];
            const key = JSON.stringify([of.source, ageText(of), of.fault]);
            const group = groups.get(key) ?? { names: [], of };
            group.names.push(name(site));
            groups.set(key, group);
          }
          return (
            <div key={kind}>
              <dt>{KINDS[kind]}</dt>
              {[...groups].map(([key, { names, of }]) => (
                <dd key={key}>
                  {of.source}
                  {ageText(of)} {of.placeholder && <span class="tag alert">placeholder</span>}
                  {of.fault && <span class="tag alert">feed fails: {of.fault}</span>}
                  {groups.size > 1 && <span class="quiet"> {names.join(', ')}</span>}
                </dd>
              ))}
            </div>
          );
        })}
        {plan.demand && (
          <div>
            <dt>Demand</dt>
            <dd>
              {plan.demand.source}
              {plan.demand.ageH !== undefined &&
                `, the last hour ended ${plan.demand.ageH.toFixed(1)} h before the plan`}
              {bandText(plan.demand.band)}{' '}
              {plan.demand.placeholder && <span class="tag alert">placeholder</span>}
              {plan.demand.fault && <span class="tag alert">{plan.demand.fault}</span>}
            </dd>
          </div>
        )}
      </dl>
      <ul class="sources quiet">
        {(status.attributions ?? []).map(({ source, text, licence, url }) => (
          <li key={source}>
            <a href={url} rel="noreferrer">
              {text}
            </a>{' '}
            ({licence})
          </li>
        ))}
      </ul>
    </section>
  );
}

type Provenance = PlanSite['sources'][(typeof kinds)[number]];

/** What nine of ten hours are to be in, over all of the plan. */
function bandText(band: [number, number][] | undefined): string {
  if (band === undefined) return '';
  const mean = (end: 0 | 1) => band.reduce((sum, ends) => sum + ends[end], 0) / band.length;
  return `; ${mean(0).toFixed(2)} to ${mean(1).toFixed(2)} requests/s in nine of ten hours`;
}

/** How long ago the oldest value was issued when the plan was made. */
function ageText({ ageH }: Provenance): string {
  return ageH === undefined ? '' : `, issued up to ${ageH.toFixed(1)} h before the plan`;
}
