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

/** `HOST` and `PORT` stand for those asked. */
type Words = [found: string, fix: string];

const BROKEN: Words = [
  'the connection to HOST was broken off before an answer',
  'its log may say why; https:// at a port of plain HTTP ends so, too',
];
const SLOW: Words = [
  'HOST did not take the connection in time',
  'does a firewall drop what comes to this port?',
];
const NO_TLS: Words = [
  'HOST answers at port PORT, but not in TLS',
  'is it a port of plain HTTP? the router wants https://',
];
const NO_WAY: Words = ['there is no way to HOST from here', OFFLINE];

/** By the code of Node or of the system. */
const known: Record<string, Words> = {
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
  ECONNRESET: BROKEN,
  UND_ERR_SOCKET: BROKEN,
  EHOSTUNREACH: NO_WAY,
  ENETUNREACH: NO_WAY,
  ETIMEDOUT: SLOW,
  UND_ERR_CONNECT_TIMEOUT: SLOW,
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
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
