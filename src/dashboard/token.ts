/** The admin token: in this tab's session only. */

const KEY = 'isotherm-admin-token';

export function readToken(): string {
  try {
    return sessionStorage.getItem(KEY) ?? '';
  } catch {
    return '';
  }
}

/** Without storage the token is asked for again. */
export function keepToken(token: string): void {
  try {
    if (token) sessionStorage.setItem(KEY, token);
    else sessionStorage.removeItem(KEY);
  } catch {}
}

/** What a header cannot carry is no token. */
export function canBeToken(typed: string): boolean {
  return /^[\x21-\x7e]+$/.test(typed);
}
