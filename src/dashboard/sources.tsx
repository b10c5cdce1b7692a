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
          const groups = new Map<string, { names: string[]; placeholder: boolean }>();
          for (const { site, sources } of plan.sites) {
            const { source, placeholder } = sources[kind];
            const group = groups.get(source) ?? { names: [], placeholder };
            group.names.push(name(site));
            groups.set(source, group);
          }
          return (
            <div key={kind}>
              <dt>{KINDS[kind]}</dt>
              {[...groups].map(([source, { names, placeholder }]) => (
                <dd key={source}>
                  {source} {placeholder && <span class="tag alert">placeholder</span>}
                  {groups.size > 1 && <span class="quiet"> {names.join(', ')}</span>}
                </dd>
              ))}
            </div>
          );
        })}
      </dl>
    </section>
  );
}
