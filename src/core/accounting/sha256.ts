/**
 * SHA-256 (FIPS 180-4) of a short text's UTF-8, in hex. Web Crypto's digest is a promise, and each turn
 * of the event loop costs a request more than these two blocks; for long texts it is the faster one.
 */
export function sha256Hex(text: string): string {
  let words = keyWords.fill(0);
  let length = text.length;
  if (length > MAX_KEY_BYTES || !putAscii(words, text)) {
    const bytes = encoder.encode(text);
    length = bytes.length;
    words = new Int32Array(16 * Math.ceil((length + 9) / 64));
    for (let i = 0; i < length; i++) put(words, i, bytes[i] as number);
  }
  put(words, length, 0x80);
  const used = 16 * Math.ceil((length + 9) / 64);
  // A text of 2^29 bytes and more is none of a header.
  words[used - 1] = length * 8;
  state.set(INITIAL);
  for (let at = 0; at < used; at += 16) mixBlock(words, at);
  let hex = '';
  for (let i = 0; i < 8; i++) hex += hexOf(word(i) >>> 16) + hexOf(word(i) & 0xffff);
  return hex;
}

const encoder = new TextEncoder();

/** Two blocks, which hold a key of a client: nothing is made for it but its hash. */
const keyWords = new Int32Array(32);
const MAX_KEY_BYTES = 4 * keyWords.length - 9;

/** False for a text that is more than ASCII. */
function putAscii(words: Int32Array, text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char > 0x7f) return false;
    put(words, i, char);
  }
  return true;
}

function put(words: Int32Array, at: number, byte: number): void {
  words[at >> 2] = (words[at >> 2] as number) | (byte << (24 - 8 * (at & 3)));
}

/** Of 16 bits. */
function hexOf(word: number): string {
  return (word | 0x10000).toString(16).slice(1);
}

/** First 32 bits of the fractional parts of square and cube roots of the first primes. */
const primes = Array.from({ length: 310 }, (_, n) => n + 2).filter((n) => {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return true;
});
const fraction = (x: number) => Math.floor((x - Math.floor(x)) * 2 ** 32);
const INITIAL = primes.slice(0, 8).map((p) => fraction(Math.sqrt(p)) | 0);
const ROUND = Int32Array.from(primes, (p) => fraction(Math.cbrt(p)) | 0);
/** Of the one text at work. */
const schedule = new Int32Array(64);
const state = new Int32Array(8);
const word = (i: number) => state[i] as number;

const turned = (x: number, by: number) => (x >>> by) | (x << (32 - by));

function mixBlock(words: Int32Array, at: number): void {
  const w = schedule;
  for (let i = 0; i < 16; i++) w[i] = words[at + i] as number;
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15] as number;
    const y = w[i - 2] as number;
    const s0 = turned(x, 7) ^ turned(x, 18) ^ (x >>> 3);
    const s1 = turned(y, 17) ^ turned(y, 19) ^ (y >>> 10);
    w[i] = (w[i - 16] as number) + s0 + (w[i - 7] as number) + s1;
  }
  let a = word(0);
  let b = word(1);
  let c = word(2);
  let d = word(3);
  let e = word(4);
  let f = word(5);
  let g = word(6);
  let h = word(7);
  for (let i = 0; i < 64; i++) {
    const s1 = turned(e, 6) ^ turned(e, 11) ^ turned(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (ROUND[i] as number) + (w[i] as number)) | 0;
    const s0 = turned(a, 2) ^ turned(a, 13) ^ turned(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] = word(0) + a;
  state[1] = word(1) + b;
  state[2] = word(2) + c;
  state[3] = word(3) + d;
  state[4] = word(4) + e;
  state[5] = word(5) + f;
  state[6] = word(6) + g;
  state[7] = word(7) + h;
}
