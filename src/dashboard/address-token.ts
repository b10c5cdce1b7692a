import { isLoopback } from '../core/loopback.ts';
import { keepToken } from './token.ts';

/**
 * The token of an address that ends in `#token=…`, dropped from the address and from the tab's way back.
 * What is behind # is sent to no server; but a browser may keep the address in its history as it was
 * opened (Chromium does). Only `isotherm start` prints such addresses, with a token made for that run, so
 * that it is taken on this machine alone: elsewhere no link puts a token in, or in the place of another.
 * Whether one was taken.
 */
export function takeToken(): boolean {
  const [, token = ''] = /^#token=([\x21-\x7e]+)$/.exec(location.hash) ?? [];
  if (token === '') return false;
  history.replaceState(history.state, '', location.pathname + location.search);
  if (!isLoopback(location.hostname)) return false;
  keepToken(token);
  return true;
}
