import type { KeyView } from '../core/accounting/keys.ts';
import { figure } from './format.ts';
import { Head } from './head.tsx';
import { Scroll } from './scroll.tsx';

/** Of one key, in the answer of /admin/v1/usage?by=key. */
export interface KeyUsage {
  key: string;
  requests: number;
  costAud: number;
  carbonKg: number;
}

/** Keys with their scope and limits, and what they have used this month. */
export function KeyTable({
  keys,
  usage,
  onRevoke,
}: {
  keys: readonly KeyView[];
  usage: readonly KeyUsage[];
  onRevoke: (key: KeyView) => void;
}) {
  const used = new Map(usage.map((u) => [u.key, u]));
  return (
    <Scroll labelledBy="keys-title">
      <table>
        <Head
          first={['Name', 'State', 'Change', 'May ask for']}
          numbers={[
            'Requests/min',
            'Tokens/min',
            'Requests this month',
            'AUD, of budget',
            'kg CO₂e, of budget',
          ]}
        />
        <tbody>
          {keys.map((key) => {
            const own = used.get(key.id);
            return (
              <tr key={key.id}>
                <th scope="row" title={key.id}>
                  {key.name}
                </th>
                <td class="when">
                  <KeyState of={key} />
                </td>
                <td>
                  {key.revoked === null && (
                    <button
                      type="button"
                      class="plain"
                      aria-label={`Revoke the key of ${key.name}`}
                      onClick={() => onRevoke(key)}
                    >
                      Revoke
                    </button>
                  )}
                </td>
                <td>{scopeOf(key)}</td>
                <td class="number">{figure(key.requestsPerMinute, 9)}</td>
                <td class="number">{figure(key.tokensPerMinute, 9)}</td>
                <td class="number">{figure(own?.requests ?? 0, 9)}</td>
                <Used of={own?.costAud ?? 0} budget={key.budgetAudPerMonth} />
                <Used of={own?.carbonKg ?? 0} budget={key.budgetKgCo2ePerMonth} />
              </tr>
            );
          })}
        </tbody>
      </table>
    </Scroll>
  );
}

function KeyState({ of: { revoked, expires } }: { of: KeyView }) {
  if (revoked !== null) return <span class="tag alert">revoked {revoked.slice(0, 10)}</span>;
  if (expires === null) return <>good</>;
  const isOver = Date.parse(expires) <= Date.now();
  return isOver ? <span class="tag alert">expired</span> : <>until {expires.slice(0, 10)}</>;
}

function scopeOf({ models, classes }: KeyView): string {
  const all = [...(models ?? []), ...(classes ?? []).map((c) => `class ${c}`)];
  return all.length > 0 ? all.join(', ') : 'all models';
}

function Used({ of, budget }: { of: number; budget: number | null }) {
  const isOver = budget !== null && of >= budget;
  return (
    <td class={`number${isOver ? ' alert' : ''}`}>
      {figure(of)}
      {budget !== null && ` of ${figure(budget)}`}
      {isOver && ' (spent)'}
    </td>
  );
}
