/**
 * A JSON object's text with the value of its top-level `model` replaced, every other byte as it was:
 * numbers keep their digits, and fields nobody here knows pass as they came. A `model` given twice is
 * replaced twice, since parsers differ in which of the two they believe.
 * @param text a JSON object that `JSON.parse` accepts
 */
export function withModel(text: string, model: string): string {
  return withField(text, 'model', model);
}

/** The same for any field that a client gave; text without it stays as it is. */
export function withField(text: string, name: string, value: unknown): string {
  const written = JSON.stringify(value);
  let out = '';
  let copiedTo = 0;
  let depth = 0;
  let isKey = false;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case OPEN_BRACE:
        depth++;
        isKey = depth === 1;
        break;
      case OPEN_BRACKET:
        depth++;
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth--;
        break;
      case COMMA:
        isKey = depth === 1;
        break;
      case QUOTE: {
        const end = endOfString(text, i);
        if (isKey && isName(text.slice(i, end), name)) {
          const from = valueAt(text, end);
          const to = endOfString(text, from);
          out += text.slice(copiedTo, from) + written;
          copiedTo = to;
          i = to - 1;
        } else {
          i = end - 1;
        }
        isKey = false;
      }
    }
  }
  return out + text.slice(copiedTo);
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** A key may be written with escapes; few are. */
function isName(key: string, name: string): boolean {
  return key === `"${name}"` || (key.includes('\\') && JSON.parse(key) === name);
}

function valueAt(text: string, afterKey: number): number {
  let i = text.indexOf(':', afterKey) + 1;
  while (text.charCodeAt(i) <= 0x20) i++;
  return i;
}

/** One past the closing quote of the string at `start`; of another value, up to what ends it. */
function endOfString(text: string, start: number): number {
  if (text.charCodeAt(start) !== QUOTE) return endOfValue(text, start);
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return end + 1;
  }
}

/** One past a value that is no string. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) i = endOfString(text, i) - 1;
    else if (c === OPEN_BRACE || c === OPEN_BRACKET) depth++;
    else if (depth === 0 && (c === COMMA || c === CLOSE_BRACE)) return i;
    else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) depth--;
  }
  return text.length;
}
