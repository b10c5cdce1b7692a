/** Shell commands of Markdown files, far enough for what documentation shows: no loops, no substitution. */

export interface ShellBlock {
  file: string;
  /** Line of the opening fence, from 1. */
  line: number;
  /** After `sh`: empty, for what is run here; `long`, for what is only checked; `skip: why`. */
  info: string;
  /** As it stands. */
  text: string;
  commands: ShellCommand[];
}

export interface ShellCommand {
  words: string[];
  /** Standard output goes to a file. */
  isRedirected: boolean;
}

/** Blocks that begin with ```sh in a text. */
export function shellBlocks(file: string, text: string): ShellBlock[] {
  return [...text.matchAll(/^```sh([^\n]*)\n([\s\S]*?)^```/gm)].map((match) => ({
    file,
    line: text.slice(0, match.index).split('\n').length,
    info: (match[1] as string).trim(),
    text: match[2] as string,
    commands: shellCommands(match[2] as string),
  }));
}

const TOKEN =
  /\\\n|(#[^\n]*)|(\n|&&|\|\||[|;])|(>>?)|((?:'[^']*'|"(?:\\.|[^"\\])*"|\$\([^)]*\)|\\.|[^\s'"|;&>\\])+)|\s|./g;

/** The simple commands of a script, in order; comments are left out. */
export function shellCommands(script: string): ShellCommand[] {
  const commands: ShellCommand[] = [{ words: [], isRedirected: false }];
  let isTarget = false;
  for (const [, comment, separator, redirect, word] of script.matchAll(TOKEN)) {
    const current = commands.at(-1) as ShellCommand;
    if (separator !== undefined) commands.push({ words: [], isRedirected: false });
    if (redirect !== undefined) current.isRedirected = true;
    if (word !== undefined && comment === undefined) {
      if (!isTarget) current.words.push(plain(word));
      isTarget = false;
    }
    if (redirect !== undefined) isTarget = true;
  }
  return commands.filter(({ words }) => words.length > 0);
}

/** A word without its quotes. */
function plain(word: string): string {
  return word.replace(/'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)/g, (_, single, double, escaped) =>
    single !== undefined ? single : double !== undefined ? double.replace(/\\(.)/g, '$1') : escaped,
  );
}
