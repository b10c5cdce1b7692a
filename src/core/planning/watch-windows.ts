import { MS_PER_HOUR } from '../model/units.ts';

/**
 * What is watched between plans is counted in windows of two minutes, and asks for a plan after two in a
 * row that were off; then nothing more is said for a quarter of an hour, in which a new plan is made and
 * shows what it does. Constants are choices.
 */
const WINDOW_MS = MS_PER_HOUR / 30;
const WINDOWS = 2;
const QUIET_MS = MS_PER_HOUR / 4;

/** What a watch has of its windows. */
export interface Watch {
  /** Beginning of the window under way. */
  fromMs: number;
  quietUntilMs: number;
}

/** Whether a window is over, so that what was planned for is to be known. */
export function windowEnds({ fromMs }: Pick<Watch, 'fromMs'>, nowMs: number): boolean {
  return nowMs - fromMs >= WINDOW_MS;
}

/** Whether a window is to begin anew: after silence nobody knows when what is counted came. */
export function wasSilent({ fromMs }: Pick<Watch, 'fromMs'>, nowMs: number): boolean {
  return nowMs < fromMs || nowMs - fromMs > 2 * WINDOW_MS;
}

/** Whether so many windows in a row that were off ask for a plan. */
export function isDue(inARow: number, { quietUntilMs }: Watch, nowMs: number): boolean {
  return inARow >= WINDOWS && nowMs >= quietUntilMs;
}

/** Until when nothing more is said. */
export function quietAfter(nowMs: number): number {
  return nowMs + QUIET_MS;
}
