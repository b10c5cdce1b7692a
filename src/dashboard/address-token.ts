import { keepToken } from './token.ts';

/**
 * The token of an address that ends in `#token=…`, as `isotherm start` prints it: kept, and dropped from the
 * address and with that from the history. What is behind # is sent to no server. False where there is none.
 */
export function takeToken(): boolean {
  const [, token = ''] = /^#token=([\x21-\x7e]+)$/.exec(location.hash) ?? [];
  if (token === '') return false;
  history.replaceState(history.state, '', location.pathname + location.search);
  keepToken(token);
  return true;
}
