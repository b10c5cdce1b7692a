import { useState } from 'preact/hooks';
import type { KeyView } from '../core/accounting/keys.ts';
import { Dialog } from './dialog.tsx';
import { Gate, type GatedView } from './gate.tsx';
import { useAsked, useTick } from './hooks.ts';
import { type MadeKey, NewKey } from './key-form.tsx';
import { KeyTable, type KeyUsage } from './key-table.tsx';
import { type Ask, type LiveState, systemMs } from './live.ts';
import { send } from './send.ts';

/** What is used is looked at again this often. */
const REFRESH_MS = 15_000;

/** Clients' keys, what they may, and what they have used of it this month. */
export function KeysView({ live, ask, onToken }: GatedView) {
  if (!live.hasToken) {
    const why = 'Keys need the admin token';
    return <Gate isRejected={live.isRejected} why={why} onToken={onToken} />;
  }
  return <Keys live={live} ask={ask} />;
}

function Keys({ live, ask }: { live: LiveState; ask: Ask }) {
  const [changes, changed] = useTick(REFRESH_MS);
  const [showsAll, setShowsAll] = useState(false);
  const [question, setQuestion] = useState<'new' | KeyView>();
  const [made, setMade] = useState<MadeKey>();
  const [said, say] = useState('');
  const { data, fault } = useAsked<{ keys: KeyView[] }>(ask, '/admin/v1/keys', changes);
  const month = new Date(systemMs(live, Date.now())).toISOString().slice(0, 7);
  const path = `/admin/v1/usage?by=key&from=${month}-01`;
  const usage = useAsked<{ usage: KeyUsage[] }>(ask, path, changes);
  const keys = (data?.keys ?? []).filter((k) => showsAll || k.revoked === null);
  return (
    <section aria-labelledby="keys-title">
      <div class="section-head">
        <h2 id="keys-title">Clients’ keys</h2>
        <button type="button" onClick={() => setQuestion('new')}>
          New key
        </button>
      </div>
      {fault && <p class="alert">The keys cannot be read: {fault}.</p>}
      {usage.fault && <p class="alert">What keys have used cannot be read: {usage.fault}.</p>}
      <p role="status">{said}</p>
      {made && <MadeKeyNote made={made} onDone={() => setMade(undefined)} />}
      <label class="check">
        <input
          type="checkbox"
          checked={showsAll}
          onChange={({ currentTarget }) => setShowsAll(currentTarget.checked)}
        />
        Revoked ones, too
      </label>
      {data && keys.length === 0 && <p>No key has been made yet, or all are revoked.</p>}
      {keys.length > 0 && (
        <KeyTable
          keys={keys}
          usage={usage.data?.usage ?? []}
          onRevoke={(key) => setQuestion(key)}
        />
      )}
      <p class="source">
        A key opens the API to one client; the deployment keeps its hash only. Budgets are by
        calendar month of UTC, and what is used comes from receipts: energy cost and carbon of
        requests. Keys of the secret CLIENT_KEYS_SHA256 are not listed. A revoked key opens nothing
        within seconds.
      </p>
      {question === 'new' && (
        <NewKey
          ask={ask}
          classes={live.view?.fleet.classes ?? []}
          onMade={(key) => {
            setMade(key);
            say('');
            changed();
          }}
          onClose={() => setQuestion(undefined)}
        />
      )}
      {question !== undefined && question !== 'new' && (
        <Dialog
          title={`Revoke the key of ${question.name}?`}
          action="Revoke"
          isDestructive
          onAction={async () => {
            await send(ask, 'DELETE', `/keys/${encodeURIComponent(question.id)}`);
            say(`The key of ${question.name} is revoked.`);
            changed();
          }}
          onClose={() => setQuestion(undefined)}
        >
          <p>Whoever uses it is refused from now on. This cannot be taken back.</p>
        </Dialog>
      )}
    </section>
  );
}

/** The key itself, until its maker has kept it. */
function MadeKeyNote({ made, onDone }: { made: MadeKey; onDone: () => void }) {
  const { name, key: secret, warnings = [] } = made;
  return (
    <div class="made" role="status">
      <label for="made-key">The key of {name}: it is shown this once</label>
      <div class="field">
        <input
          id="made-key"
          type="text"
          readOnly
          value={secret}
          onFocus={({ currentTarget }) => currentTarget.select()}
        />
        <button type="button" onClick={onDone}>
          I have kept it
        </button>
      </div>
      {warnings.map((warning) => (
        <p class="alert" key={warning}>
          {warning}.
        </p>
      ))}
    </div>
  );
}
