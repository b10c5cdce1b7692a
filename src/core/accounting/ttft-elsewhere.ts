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
 * Null where nothing would be left of it: servers were then so much quicker than the model that its
 * differences tell nothing, and 0 ms would read as a measurement.
 */
export function ttftElsewhereMs(
  measuredMs: number,
  request: Timed,
  served: PublicSite,
  other: PublicSite,
): number | null {
  if (other === served) return measuredMs;
  const moreMs = modelledMs(request, other) - modelledMs(request, served);
  const thereMs = Math.round(measuredMs + moreMs);
  return thereMs > 0 ? thereMs : null;
}

function modelledMs({ zone, cls, promptTokens, tokensBefore }: Timed, site: PublicSite): number {
  const { profile, batch } = site.hardware;
  const decodingMs = tokensBefore * decodeStepMs(hardwareProfiles[profile], batch);
  return requestTtftMs(zone, site, cls, promptTokens) + decodingMs;
}
