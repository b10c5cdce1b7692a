export interface ServerEvent {
  name: string;
  data: string;
}

/**
 * Server-sent events from the text of a stream, however it is cut into pieces; as much of the format
 * as this server uses (`event`, `data`, comments).
 */
export class EventReader {
  #rest = '';

  /** Events that are whole with this piece. */
  push(text: string): ServerEvent[] {
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop() as string;
    return blocks.flatMap((block): ServerEvent[] => {
      let name = 'message';
      const data: string[] = [];
      for (const line of block.split('\n')) {
        if (line.startsWith('event: ')) name = line.slice('event: '.length);
        if (line.startsWith('data: ')) data.push(line.slice('data: '.length));
      }
      return data.length > 0 ? [{ name, data: data.join('\n') }] : [];
    });
  }
}
