import type { SiteTrouble } from './types.ts';

/** In a word what is wrong with a site; nothing where it is well. */
export function TroubleTag({ of, troubles }: { of: string; troubles: readonly SiteTrouble[] }) {
  const trouble = troubles.find(({ site }) => site === of);
  return trouble ? <span class="tag alert">{trouble.kind}</span> : null;
}
