import { useState } from 'preact/hooks';
import type { SiteChange } from '../core/model/override-input.ts';
import { AuthorshipFields, Dialog, useAuthorship } from './dialog.tsx';
import { fixed } from './format.ts';
import type { Ask } from './live.ts';
import { send } from './send.ts';
import type { OperatedSite } from './sites.tsx';

export type SiteOrderKind = 'drain' | 'undrain' | 'limit';

/** Asks whether a site is to be drained, taken into use again or limited, and does it. */
export function SiteOrder({
  kind,
  site,
  share,
  ask,
  onDone,
  onClose,
}: {
  kind: SiteOrderKind;
  site: OperatedSite;
  /** Of this hour's requests, by the plan. */
  share: number | undefined;
  ask: Ask;
  /** @param words what was done */
  onDone: (words: string) => void;
  onClose: () => void;
}) {
  const [by, setBy] = useAuthorship();
  const held = 100 * (site.override?.capacityShare ?? 1);
  const [percent, setPercent] = useState(held);
  const act = async () => {
    const change: SiteChange =
      kind === 'limit'
        ? { capacityShare: percent === 100 ? null : percent / 100 }
        : { drained: kind === 'drain' };
    const path = `/sites/${encodeURIComponent(site.id)}`;
    const { warnings } = await send<{ warnings: string[] }>(ask, 'PATCH', path, {
      ...change,
      ...by,
    });
    const warned = warnings.length > 0 ? ` But ${warnings.join('; ')}.` : '';
    onDone(`${doneWords(kind, site.name, percent)}${warned}`);
  };
  return (
    <Dialog
      {...questionOf(kind, site.name)}
      isDestructive={kind === 'drain'}
      onAction={act}
      onClose={onClose}
    >
      {kind === 'drain' && (
        <p>
          {share !== undefined && share > 0
            ? `The plan has ${fixed(100 * share, 1)} % of this hour’s requests served there: they go to other sites within seconds. `
            : 'Within seconds no new request goes there. '}
          Requests under way go on to their end.
        </p>
      )}
      {kind === 'undrain' && <p>Its share of requests comes with the next plan.</p>}
      {kind === 'limit' && (
        <>
          <label for="limit">Most that plans may use of its capacity, %</label>
          <div class="field">
            <input
              id="limit"
              type="number"
              min={1}
              max={100}
              step="any"
              required
              value={percent}
              onInput={({ currentTarget }) => setPercent(currentTarget.valueAsNumber)}
            />
          </div>
        </>
      )}
      <AuthorshipFields value={by} onChange={setBy} />
    </Dialog>
  );
}

function questionOf(kind: SiteOrderKind, name: string): { title: string; action: string } {
  if (kind === 'drain') return { title: `Drain ${name}?`, action: 'Drain' };
  if (kind === 'undrain') return { title: `Take ${name} into use again?`, action: 'Undrain' };
  return { title: `Limit ${name}`, action: 'Set the limit' };
}

function doneWords(kind: SiteOrderKind, name: string, percent: number): string {
  if (kind === 'drain') return `${name} is drained.`;
  if (kind === 'undrain') return `${name} is in use again.`;
  if (percent === 100) return `${name} has no limit.`;
  return `${name} is limited to ${fixed(percent, 0)} % of its capacity.`;
}
