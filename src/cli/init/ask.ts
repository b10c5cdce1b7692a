import { createInterface } from 'node:readline';
import { InvalidInputError } from '../../core/model/errors.ts';
import { placeWarnings, seasonWarning } from '../place-warnings.ts';
import type { Answers } from './answers.ts';
import { fields } from './fields.ts';
import { readAnswer } from './read-answers.ts';

/** Puts a question; resolves with the line answered. */
export type Ask = (question: string) => Promise<string>;

/** Questions at the terminal, or answers from a pipe, one a line. */
export function terminal(input: NodeJS.ReadStream, output: NodeJS.WriteStream) {
  const lines = createInterface({ input, output, terminal: input.isTTY && output.isTTY });
  const answers = lines[Symbol.asyncIterator]();
  const ask: Ask = async (question) => {
    lines.setPrompt(question);
    lines.prompt();
    const { value, done } = await answers.next();
    if (!done) return value.trim();
    throw new InvalidInputError('init', [
      `no answer to "${question.trim()}"; --csv reads sites from a file instead`,
    ]);
  };
  return { ask, say: (text: string) => output.write(`${text}\n`), close: () => lines.close() };
}

/** What is often alike at all sites: as the site before has it, where Enter is the answer. */
const ALIKE: readonly string[] = ['timeZone', 'model', 'hardware', 'servers', 'tariff', 'cooling'];

/** Asks for sites until there is no further one. */
export async function askSites(
  ask: Ask,
  say: (text: string) => void,
  model: string,
): Promise<Answers[]> {
  const sites: Answers[] = [];
  const before: Record<string, string> = { model };
  for (;;) {
    say(`\nSite ${sites.length + 1}`);
    const site = await askSite(
      ask,
      say,
      before,
      sites.map((s) => s.id),
    );
    const doubts = doubtsOf(site, sites);
    for (const doubt of doubts) say(`    ${doubt}`);
    if (doubts.length > 0 && /^n/i.test(await ask('Keep it as it is? [Y/n] '))) continue;
    sites.push(site);
    if (!/^y(es)?$/i.test(await ask('Another site? [y/N] '))) return sites;
  }
}

/** What of a site is valid and yet hardly meant, beside those before it. */
function doubtsOf(site: Answers, before: readonly Answers[]): string[] {
  const own = `sites[${before.length}]`;
  const places = placeWarnings({ sites: [...before, site], zones: [] });
  const { januaryC, julyC } = site;
  const season =
    januaryC === undefined || julyC === undefined
      ? undefined
      : seasonWarning(site, { januaryC, julyC });
  return [
    ...places.filter(({ path }) => path.startsWith(own)).map(({ message }) => message),
    ...(season === undefined ? [] : [season]),
  ];
}

/** @param before answers that the next site may have too; those of this one go there */
async function askSite(
  ask: Ask,
  say: (text: string) => void,
  before: Record<string, string>,
  taken: readonly string[],
): Promise<Answers> {
  const known: Record<string, unknown> = {};
  for (const field of fields) {
    const { column, about } = field;
    const given = known as Partial<Answers>;
    const usual = before[column] ?? field.fallback?.(given);
    if (field.isRare && column !== 'id') {
      if (usual !== undefined) known[column] = readAnswer(field, usual).value;
      continue;
    }
    if (column === 'id' && !taken.includes(usual ?? '')) {
      const { value } = readAnswer(field, usual ?? '');
      if (value !== undefined) {
        known.id = value;
        continue;
      }
    }
    if (usual === undefined && !field.isNeeded?.(given)) continue;
    for (;;) {
      const hint = usual === undefined ? '' : ` [${usual}]`;
      const text = (await ask(`  ${about}${hint}: `)) || usual || '';
      const { value, fault } = readAnswer(field, text);
      const why = column === 'id' && taken.includes(text) ? `"${text}" is used twice` : fault;
      if (why === undefined) {
        known[column] = value;
        if (ALIKE.includes(column)) before[column] = text;
        break;
      }
      say(`    ${column}: ${why}`);
    }
  }
  return known as unknown as Answers;
}
