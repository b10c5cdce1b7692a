import { requestTtftMs } from '../model/eligibility.ts';
import type { PublicSite, RequestClass, Zone } from '../model/fleet.ts';
import { decodeStepMs, hardwareProfiles } from '../model/hardware.ts';

/** A request as far as its time to first byte depends on it. */
export interface Timed {
  zone: Zone;
  cls: RequestClass;
  promptTokens: number;
  /** Tokens that are made before the first byte is sent: all of an answer that is no stream. */
  tokensBefore: number;
}

/**
 * Time to first byte, ms, that a request would have had at another site: the measured one, and what
 * network, prompt and decoding take longer or shorter there by the model (docs/model.md). What both
 * have in common, errors of the model and waiting among it, so cancels; that queues differ is left out.
 * Never below 0, which it would be where servers are quicker than the model.
 */
export function ttftElsewhereMs(
  measuredMs: number,
  request: Timed,
  served: PublicSite,
  other: PublicSite,
): number {
  if (other === served) return measuredMs;
  const moreMs = modelledMs(request, other) - modelledMs(request, served);
  return Math.max(0, Math.round(measuredMs + moreMs));
}

function modelledMs({ zone, cls, promptTokens, tokensBefore }: Timed, site: PublicSite): number {
  const { profile, batch } = site.hardware;
  const decodingMs = tokensBefore * decodeStepMs(hardwareProfiles[profile], batch);
  return requestTtftMs(zone, site, cls, promptTokens) + decodingMs;
}
