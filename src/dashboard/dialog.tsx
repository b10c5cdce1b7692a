import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/**
 * A question over the page: the browser keeps the focus in it, closes it with Escape and gives the
 * focus back.
 */
export function Dialog({
  title,
  action,
  isDestructive = false,
  onAction,
  onClose,
  children,
}: {
  title: string;
  /** What the button says that does it. */
  action: string;
  /** It takes something away from others: the button warns. */
  isDestructive?: boolean;
  /** Does it; what it throws is shown, and the question stays. */
  onAction: () => Promise<void>;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  useEffect(() => dialog.current?.showModal(), []);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await onAction();
      dialog.current?.close();
    } catch (error) {
      setFault((error as Error).message);
      setBusy(false);
    }
  };
  return (
    <dialog ref={dialog} aria-labelledby="dialog-title" onClose={onClose}>
      <h2 id="dialog-title">{title}</h2>
      <form onSubmit={(event) => void submit(event)}>
        {children}
        {fault && (
          <p class="alert" role="alert">
            Refused: {fault}.
          </p>
        )}
        <div class="field">
          <button type="submit" class={isDestructive ? 'destructive' : undefined} disabled={isBusy}>
            {action}
          </button>
          <button type="button" class="second" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
        </div>
      </form>
    </dialog>
  );
}

/** Who does it and why: both optional, and kept in the record of changes. */
export interface Authorship {
  author?: string;
  reason?: string;
}

/** The name given last, for the next change of this visit. */
let lastAuthor = '';

export function AuthorshipFields({
  value,
  onChange,
}: {
  value: Authorship;
  onChange: (value: Authorship) => void;
}) {
  return (
    <>
      <label for="author">
        Your name, for the record <span class="quiet">(optional)</span>
      </label>
      <div class="field">
        <input
          id="author"
          type="text"
          maxLength={100}
          autocomplete="off"
          value={value.author ?? ''}
          onInput={({ currentTarget }) => {
            lastAuthor = currentTarget.value.trim();
            onChange({ ...value, author: lastAuthor || undefined });
          }}
        />
      </div>
      <label for="reason">
        Why <span class="quiet">(optional)</span>
      </label>
      <div class="field">
        <input
          id="reason"
          type="text"
          maxLength={500}
          autocomplete="off"
          value={value.reason ?? ''}
          onInput={({ currentTarget }) =>
            onChange({ ...value, reason: currentTarget.value.trim() || undefined })
          }
        />
      </div>
    </>
  );
}

export function useAuthorship(): [Authorship, (value: Authorship) => void] {
  return useState<Authorship>({ author: lastAuthor || undefined });
}
