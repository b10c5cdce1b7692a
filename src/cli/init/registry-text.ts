const WIDTH = 100;

/** A registry as JSON text, two spaces deep, with lists of numbers filled into lines, as `npm run lint` wants it. */
export function registryText(value: unknown): string {
  return `${text(value, '', 0)}\n`;
}

/** @param lead columns already taken in the line by a key */
function text(value: unknown, indent: string, lead: number): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const items = value.map((item) => text(item, inner, 0));
    const line = `[${items.join(', ')}]`;
    const isPlain = value.every((item) => typeof item !== 'object' || item === null);
    if (items.length === 0 || (isPlain && indent.length + lead + line.length < WIDTH)) return line;
    const isFilled = value.every((item) => typeof item === 'number');
    const body = isFilled ? filled(items, inner) : items.map((i) => inner + i).join(',\n');
    return `[\n${body}\n${indent}]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  if (entries.length === 0) return '{}';
  const lines = entries.map(([key, v]) => {
    const name = `${JSON.stringify(key)}: `;
    return inner + name + text(v, inner, name.length);
  });
  return `{\n${lines.join(',\n')}\n${indent}}`;
}

function filled(items: string[], indent: string): string {
  const lines = [''];
  items.forEach((item, n) => {
    const piece = n === items.length - 1 ? item : `${item},`;
    const last = lines[lines.length - 1] as string;
    if (last === '') lines[lines.length - 1] = indent + piece;
    else if (last.length + 1 + piece.length <= WIDTH) lines[lines.length - 1] = `${last} ${piece}`;
    else lines.push(indent + piece);
  });
  return lines.join('\n');
}
