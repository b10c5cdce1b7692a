import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where a folder says whose its data is; the first of these that is there. */
const NOTES = ['SOURCES.md', 'README.md'];

/** What a folder says of its own data; undefined where it says nothing. */
export function folderNotes(dir: string): { file: string; text: string } | undefined {
  const file = NOTES.find((name) => existsSync(join(dir, name)));
  return file === undefined ? undefined : { file, text: readFileSync(join(dir, file), 'utf8') };
}
