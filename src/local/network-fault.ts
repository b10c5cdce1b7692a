/** A request that got no answer, in plain words. */
export interface NetworkFault {
  /** What happened, with the system's own name for it. */
  found: string;
  /** What to look at. */
  fix: string;
}

const OFFLINE =
  'is this machine online? an address that only a private network knows is of no use to Workers';
const CERTIFICATE =
  'Workers trust certificates of public authorities only, valid now and for this very name';

/** By the code of Node or of the system; `HOST` and `PORT` stand for those asked. */
const known: Record<string, [found: string, fix: string]> = {
  ENOTFOUND: [
    'no address is known for the name HOST',
    'is the name spelt right, and is there a DNS record of it?',
  ],
  EAI_AGAIN: [
    'the name HOST could not be looked up',
    'is this machine online, and its DNS server?',
  ],
  ECONNREFUSED: [
    'nothing listens at HOST, port PORT',
    'is the server started, on this port, and for others than its own machine (0.0.0.0, not 127.0.0.1)?',
  ],
  ECONNRESET: [
    'the connection to HOST was broken off before an answer',
    'its log may say why; https:// at a port of plain HTTP ends so, too',
  ],
  UND_ERR_SOCKET: [
    'the connection to HOST was broken off before an answer',
    'its log may say why; https:// at a port of plain HTTP ends so, too',
  ],
  EHOSTUNREACH: ['there is no way to HOST from here', OFFLINE],
  ENETUNREACH: ['there is no way to HOST from here', OFFLINE],
  ETIMEDOUT: [
    'HOST did not take the connection in time',
    'does a firewall drop what comes to this port?',
  ],
  UND_ERR_CONNECT_TIMEOUT: [
    'HOST did not take the connection in time',
    'does a firewall drop what comes to this port?',
  ],
  ERR_SSL_WRONG_VERSION_NUMBER: [
    'HOST answers at port PORT, but not in TLS',
    'is it a port of plain HTTP? the router wants https://',
  ],
  ERR_SSL_PACKET_LENGTH_TOO_LONG: [
    'HOST answers at port PORT, but not in TLS',
    'is it a port of plain HTTP? the router wants https://',
  ],
  HPE_INVALID_CONSTANT: [
    'HOST answers at port PORT, but not in HTTP',
    'is it a port of TLS? then the address begins with https://',
  ],
  CERT_HAS_EXPIRED: ['the certificate of HOST has expired', 'renew it'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['the certificate at HOST is for another name', CERTIFICATE],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['the certificate of HOST is signed by itself', CERTIFICATE],
  SELF_SIGNED_CERT_IN_CHAIN: [
    'the certificate of HOST is signed by an authority of its own',
    CERTIFICATE,
  ],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    'the certificate of HOST comes without those between it and its authority',
    'let the server send the whole chain',
  ],
};

/**
 * Why a fetch failed.
 * @param error as `fetch` rejects, the reason in its `cause`
 * @param url asked
 * @param timeoutMs of the signal, if it had one
 */
export function networkFault(error: unknown, url: string, timeoutMs?: number): NetworkFault {
  const { name, message, cause } = error as Error & { cause?: { code?: string; message?: string } };
  if (name === 'TimeoutError') {
    return {
      found: `no answer within ${timeoutMs} ms`,
      fix: 'is the server overloaded, or still loading its model? does a firewall drop what comes to this port?',
    };
  }
  const code = cause?.code;
  const { hostname, port, protocol } = new URL(url);
  const words = known[code ?? ''];
  if (words === undefined) {
    const found = code ?? cause?.message ?? message;
    return { found, fix: 'is the server up, and reachable from the Internet?' };
  }
  const filled = words.map((text) =>
    text.replace('HOST', hostname).replace('PORT', port || (protocol === 'https:' ? '443' : '80')),
  );
  const [found, fix] = filled as [string, string];
  return { found: `${found} (${code})`, fix };
}
