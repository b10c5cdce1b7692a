import { useState } from 'preact/hooks';
import type { KeyInput } from '../core/accounting/keys.ts';
import { Dialog } from './dialog.tsx';
import type { Ask } from './live.ts';
import { send } from './send.ts';

/** A key just made: the only time it is told. */
export interface MadeKey {
  name: string;
  key: string;
  warnings?: string[];
}

/** Limits that a key may have, as the admin API names them. */
const LIMITS = [
  { id: 'requestsPerMinute', label: 'Requests a minute', min: 1, step: 1 },
  { id: 'tokensPerMinute', label: 'Tokens a minute', min: 1, step: 1 },
  { id: 'budgetAudPerMonth', label: 'Budget, AUD a month', min: 0.000001, step: 'any' },
  { id: 'budgetKgCo2ePerMonth', label: 'Budget, kg CO₂e a month', min: 0.000001, step: 'any' },
] as const;

/** Asks what a new key may, and makes it. */
export function NewKey({
  ask,
  classes,
  onMade,
  onClose,
}: {
  ask: Ask;
  classes: readonly { id: string; name: string }[];
  onMade: (key: MadeKey) => void;
  onClose: () => void;
}) {
  const [input, setInput] = useState<KeyInput>({ name: '' });
  const set = (change: Partial<KeyInput>) => setInput({ ...input, ...change });
  const chosen = input.classes ?? [];
  const toggle = (id: string, isOn: boolean) => {
    const next = isOn ? [...chosen, id] : chosen.filter((c) => c !== id);
    set({ classes: next.length > 0 ? next : undefined });
  };
  const act = async () => {
    onMade(await send<MadeKey>(ask, 'POST', '/keys', { ...input, name: input.name.trim() }));
  };
  return (
    <Dialog title="New key" action="Make it" onAction={act} onClose={onClose}>
      <label for="key-name">Whose it is</label>
      <div class="field">
        <input
          id="key-name"
          type="text"
          required
          maxLength={100}
          pattern=".*\S.*"
          autocomplete="off"
          value={input.name}
          onInput={({ currentTarget }) => set({ name: currentTarget.value })}
        />
      </div>
      {classes.length > 1 && (
        <fieldset class="choice">
          <legend>Only for</legend>
          {classes.map(({ id, name }) => (
            <label key={id}>
              <input
                type="checkbox"
                checked={chosen.includes(id)}
                onChange={({ currentTarget }) => toggle(id, currentTarget.checked)}
              />
              {name}
            </label>
          ))}
        </fieldset>
      )}
      <p class="quiet">Each of these may be left empty: there is no such limit then.</p>
      <div class="prices">
        {LIMITS.map(({ id, label, min, step }) => (
          <label key={id}>
            {label}
            <input
              type="number"
              min={min}
              step={step}
              value={input[id] ?? ''}
              onInput={({ currentTarget: { valueAsNumber } }) =>
                set({ [id]: Number.isNaN(valueAsNumber) ? undefined : valueAsNumber })
              }
            />
          </label>
        ))}
        <label>
          Good until (UTC)
          <input
            type="date"
            value={input.expires?.slice(0, 10) ?? ''}
            onInput={({ currentTarget: { value } }) =>
              set({ expires: value ? `${value}T00:00Z` : undefined })
            }
          />
        </label>
      </div>
    </Dialog>
  );
}
