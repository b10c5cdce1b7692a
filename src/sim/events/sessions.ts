/**
 * Conversations of a trace that tells only how many blocks of each prompt were in the cache. A prompt
 * that continues a conversation repeats the last one's blocks but for the last, which was not full and
 * so got another hash: it belongs to the latest conversation whose last prompt was one block longer
 * than what was cached, else exactly as long. One cached block is a shared system prompt, and begins
 * a conversation like none does. In Mooncake's trace, 4,654 of the 4,658 prompts with more than one
 * cached block have such a predecessor; which of several it was, the trace does not say.
 */
export function reconstructSessions(
  cachedBlocks: ArrayLike<number>,
  totalBlocks: ArrayLike<number>,
): Int32Array {
  const sessions = new Int32Array(cachedBlocks.length);
  /** By blocks of its last prompt, the latest conversation. */
  const latest = new Map<number, number>();
  let opened = 0;
  for (let n = 0; n < sessions.length; n++) {
    const cached = cachedBlocks[n] as number;
    const continued = cached > 1 ? (latest.get(cached + 1) ?? latest.get(cached)) : undefined;
    const session = continued ?? opened++;
    sessions[n] = session;
    latest.set(totalBlocks[n] as number, session);
  }
  return sessions;
}
