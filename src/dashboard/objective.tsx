import { useState } from 'preact/hooks';
import type { ObjectivePrices } from '../core/model/fleet.ts';
import { type Authorship, AuthorshipFields, Dialog, useAuthorship } from './dialog.tsx';
import { useAsked } from './hooks.ts';
import type { Ask } from './live.ts';
import { send } from './send.ts';

/** As the admin API has them. */
interface Objective {
  /** In force. */
  prices: ObjectivePrices;
  registry: ObjectivePrices;
}

type PriceId = keyof ObjectivePrices;

/** Their names, units and the least they may be. */
export const PRICES: Record<PriceId, { label: string; unit: string; min: number }> = {
  carbonAudPerT: { label: 'Carbon', unit: 'AUD per tonne CO₂e', min: 0 },
  waterAudPerKl: { label: 'Water', unit: 'AUD per kilolitre', min: 0 },
  timeAudPerUserHour: { label: 'Waiting time', unit: 'AUD per user-hour', min: 0 },
  lateAudPerRequest: { label: 'A late request', unit: 'AUD', min: 0 },
  unservedAudPerRequest: { label: 'An unserved request', unit: 'AUD', min: 1e-6 },
};
const ids = Object.keys(PRICES) as PriceId[];

/** The prices plans are made at, to be changed. */
export function ObjectiveForm({
  ask,
  revision,
  onDone,
}: {
  ask: Ask;
  /** Of what is set. */
  revision: number | undefined;
  onDone: () => void;
}) {
  const { data, fault } = useAsked<Objective>(ask, '/admin/v1/objective', revision);
  const [drafts, setDrafts] = useState<Partial<Record<PriceId, number>>>({});
  const [isAsking, setAsking] = useState(false);
  const [said, say] = useState('');
  if (!data) return fault ? <p class="alert">The prices cannot be read: {fault}.</p> : null;
  const wanted = (id: PriceId) => drafts[id] ?? data.prices[id];
  const changed = ids.filter((id) => wanted(id) !== data.prices[id]);
  const isSet = ids.some((id) => wanted(id) !== data.registry[id]);
  const question = (event: Event) => {
    event.preventDefault();
    if (changed.length > 0) setAsking(true);
  };
  const act = async (by: Authorship) => {
    // What equals the registry's is set no longer: it follows the registry from then on.
    const prices = changed.map((id) => {
      const value = wanted(id);
      return [id, value === data.registry[id] ? null : value] as const;
    });
    await send(ask, 'PATCH', '/objective', { ...Object.fromEntries(prices), ...by });
    setDrafts({});
    say('The prices are set: the next plan is made at them.');
    onDone();
  };
  return (
    <section aria-labelledby="objective-title">
      <h2 id="objective-title">Prices of the objective</h2>
      <p role="status">{said}</p>
      <form onSubmit={question}>
        <div class="prices">
          {ids.map((id) => (
            <label key={id}>
              <span>
                {PRICES[id].label}, <span class="quiet">{PRICES[id].unit}</span>
              </span>
              <input
                type="number"
                min={PRICES[id].min}
                step="any"
                required
                value={wanted(id)}
                aria-describedby={`registry-${id}`}
                onInput={({ currentTarget: { valueAsNumber } }) =>
                  setDrafts({ ...drafts, [id]: valueAsNumber })
                }
              />
              <span class="quiet" id={`registry-${id}`}>
                in the registry: {data.registry[id]}
              </span>
            </label>
          ))}
        </div>
        <div class="field">
          <button type="submit" disabled={changed.length === 0}>
            Set these prices
          </button>
          <button
            type="button"
            class="second"
            disabled={!isSet}
            onClick={() => setDrafts(data.registry)}
          >
            As in the registry
          </button>
        </div>
      </form>
      <p class="source">
        A plan weighs energy cost, carbon, water and waiting by these. The view What if shows what
        other prices would do before they are set. A site’s tariff and the limits of its power are
        its own, and not set here.
      </p>
      {isAsking && (
        <Question
          lines={changed.map(
            (id) =>
              `${PRICES[id].label}: ${wanted(id)} in place of ${data.prices[id]} ${PRICES[id].unit}`,
          )}
          onAction={act}
          onClose={() => setAsking(false)}
        />
      )}
    </section>
  );
}

function Question({
  lines,
  onAction,
  onClose,
}: {
  lines: string[];
  onAction: (by: Authorship) => Promise<void>;
  onClose: () => void;
}) {
  const [by, setBy] = useAuthorship();
  return (
    <Dialog
      title="Plan at other prices?"
      action="Set"
      onAction={() => onAction(by)}
      onClose={onClose}
    >
      <ul>
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      <AuthorshipFields value={by} onChange={setBy} />
    </Dialog>
  );
}
