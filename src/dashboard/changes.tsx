import { Head } from './head.tsx';
import { useAsked } from './hooks.ts';
import type { Ask } from './live.ts';
import { PRICES } from './objective.tsx';
import { Scroll } from './scroll.tsx';
import { When } from './when.tsx';

const SHOWN = 20;

interface Change {
  revision: number;
  utc: string;
  subject: string;
  field: string;
  value: unknown;
  author: string | null;
  reason: string | null;
}

/** What was set lately: who, when and why. */
export function Changes({
  ask,
  revision,
  name,
}: {
  ask: Ask;
  revision: number | undefined;
  /** A site's, by its id. */
  name: (id: string) => string;
}) {
  const { data, fault } = useAsked<{ changes: Change[] }>(ask, '/admin/v1/changes', revision);
  if (!data && !fault) return null;
  const changes = data?.changes.slice(0, SHOWN) ?? [];
  return (
    <section aria-labelledby="changes-title">
      <h2 id="changes-title">What was set</h2>
      {fault && <p class="alert">The record cannot be read: {fault}.</p>}
      {data && changes.length === 0 && (
        <p>Nothing yet: all sites and prices are as in the registry.</p>
      )}
      {changes.length > 0 && (
        <Scroll labelledBy="changes-title">
          <table>
            <Head first={['When', 'What', 'Who', 'Why']} numbers={[]} />
            <tbody>
              {changes.map((change) => (
                <tr key={change.revision}>
                  <td class="when">
                    <When utcMs={Date.parse(change.utc)} />
                  </td>
                  <td>{wordsOf({ ...change, subject: name(change.subject) })}</td>
                  <td>{change.author ?? '—'}</td>
                  <td>{change.reason ?? '—'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </section>
  );
}

function wordsOf({ subject, field, value }: Change): string {
  if (field === 'drained') return value ? `${subject} drained` : `${subject} in use again`;
  if (field === 'capacityShare') {
    return typeof value === 'number'
      ? `${subject} limited to ${Math.round(100 * value)} % of its capacity`
      : `${subject} without a limit`;
  }
  const price = PRICES[field as keyof typeof PRICES];
  const what = price ? `${price.label}, ${price.unit}` : field;
  return `${what}: ${value === null ? 'as in the registry' : value}`;
}
