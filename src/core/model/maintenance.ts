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

/** Share of capacity left throughout [fromUtcMs, toUtcMs): the least of all windows that touch it. */
export function capacityLeft(
  windows: readonly Maintenance[],
  fromUtcMs: number,
  toUtcMs: number,
): number {
  let share = 1;
  for (const window of windows) {
    const { from, to } = spanOf(window);
    if (from < toUtcMs && fromUtcMs < to) share = Math.min(share, window.capacityShare);
  }
  return share;
}

/** The same by slot. */
export function capacityBySlot(
  windows: readonly Maintenance[],
  horizon: { startUtcMs: number; slotCount: number; slotHours: number },
): Float64Array {
  const slotMs = horizon.slotHours * MS_PER_HOUR;
  return Float64Array.from({ length: horizon.slotCount }, (_, t) => {
    const from = horizon.startUtcMs + t * slotMs;
    return capacityLeft(windows, from, from + slotMs);
  });
}
