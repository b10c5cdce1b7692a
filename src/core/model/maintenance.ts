import { z } from 'zod';
import { parseUtcMs } from './time.ts';
import { MS_PER_HOUR } from './units.ts';

const instant = z
  .string()
  .refine((text) => parseUtcMs(text) !== undefined, 'must be an instant such as 2026-03-01T02:00Z');

/** A span in which a site has less capacity than its hardware, or none. */
export const maintenanceSchema = z
  .strictObject({
    from: instant,
    /** Exclusive. */
    to: instant,
    /** Share of the site's capacity that is left. */
    capacityShare: z.number().min(0).max(1).default(0),
  })
  .refine((m) => !(Number(parseUtcMs(m.to)) <= Number(parseUtcMs(m.from))), {
    message: 'must be after from',
    path: ['to'],
  });
export type Maintenance = z.output<typeof maintenanceSchema>;

/** A window's instants, ms since 1970; `to` is exclusive. */
export function spanOf(window: Maintenance): { from: number; to: number } {
  return { from: parseUtcMs(window.from) as number, to: parseUtcMs(window.to) as number };
}

/** Share of capacity left throughout each slot: the least of all windows that touch it. */
export function capacityBySlot(
  windows: readonly Maintenance[],
  horizon: { startUtcMs: number; slotCount: number; slotHours: number },
): Float64Array {
  const spans = windows.map((w) => ({ ...spanOf(w), capacityShare: w.capacityShare }));
  const slotMs = horizon.slotHours * MS_PER_HOUR;
  return Float64Array.from({ length: horizon.slotCount }, (_, t) => {
    const begins = horizon.startUtcMs + t * slotMs;
    const touching = spans.filter(({ from, to }) => from < begins + slotMs && begins < to);
    return touching.reduce((least, { capacityShare }) => Math.min(least, capacityShare), 1);
  });
}
