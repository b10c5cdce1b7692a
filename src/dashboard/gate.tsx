import { useEffect, useRef } from 'preact/hooks';
import type { Ask, LiveState } from './live.ts';
import { canBeToken } from './token.ts';

/** What a view behind the {@link Gate} is given. */
export interface GatedView {
  live: LiveState;
  ask: Ask;
  onToken: (token: string) => void;
}

/** Asks for the admin token. */
export function Gate({
  isRejected,
  why,
  onToken,
}: {
  isRejected: boolean;
  why: string;
  onToken: (token: string) => void;
}) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (document.activeElement === document.body) input.current?.focus();
  }, []);
  const submit = (event: Event) => {
    event.preventDefault();
    const field = input.current as HTMLInputElement;
    const typed = field.value.trim();
    field.value = '';
    // One that no header can carry is as wrong as any: the server is asked, and says so.
    onToken(canBeToken(typed) ? typed : 'not-a-token');
  };
  return (
    <section class="gate" aria-labelledby="gate-title">
      <h2 id="gate-title">{why}</h2>
      <form onSubmit={submit}>
        <label for="token">Admin token</label>
        <div class="field">
          <input
            id="token"
            ref={input}
            type="password"
            required
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            aria-describedby="token-hint"
          />
          <button type="submit">Show</button>
        </div>
        {isRejected && (
          <p class="alert" role="alert">
            That admin token is not the right one, or no longer.
          </p>
        )}
        <p class="quiet" id="token-hint">
          Kept in this tab only, until it is closed, and sent to this server only.
        </p>
      </form>
    </section>
  );
}
