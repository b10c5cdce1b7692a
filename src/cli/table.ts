import { styleText } from 'node:util';

export interface Column {
  /** Name, and below it the unit. */
  header: readonly string[];
  align?: 'left' | 'right';
}

/** A table in plain text; the header is bold where the terminal shows it. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const height = Math.max(...columns.map((c) => c.header.length));
  const headers = Array.from({ length: height }, (_, line) =>
    columns.map((c) => c.header[line] ?? ''),
  );
  const widths = columns.map((_, c) =>
    Math.max(...[...headers, ...rows].map((cells) => (cells[c] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    columns
      .map((column, c) => {
        const cell = cells[c] ?? '';
        const width = widths[c] as number;
        return column.align === 'left' ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  return [...headers.map((h) => bold(line(h))), ...rows.map(line)].join('\n');
}

/** Bold on standard output, if it is a terminal that wants it (NO_COLOR, FORCE_COLOR). */
export function bold(text: string): string {
  return styleText('bold', text, { stream: process.stdout });
}

/** Paragraphs and notes as a list of lines no wider than the terminal, or 100 characters. */
export function bullets(notes: readonly string[]): string {
  return notes.map((note) => wrap(note, '- ', '  ')).join('\n');
}

/** Breaks a text at spaces. */
export function wrap(text: string, first = '', rest = ''): string {
  // Some terminals say 0 for want of knowing.
  const width = Math.min(100, process.stdout.columns || 100);
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(' ')) {
    const glued = line === first || line === rest ? line + word : `${line} ${word}`;
    if (glued.length > width && line.trim() !== '' && line !== first && line !== rest) {
      lines.push(line);
      line = rest + word;
    } else {
      line = glued;
    }
  }
  lines.push(line);
  return lines.join('\n');
}
