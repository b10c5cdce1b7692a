import { z } from 'zod';
import { clamp } from '../clamp.ts';

/** Logarithms of ratios, as a forecast's state keeps them. */
export const LOG_LIMIT = 30;

export const log = z.number().min(-LOG_LIMIT).max(LOG_LIMIT);

export const limited = (x: number) => clamp(x, -LOG_LIMIT, LOG_LIMIT);
/** Kept to 1e-4: what is stored is short. */
export const short = (x: number) => Math.round(1e4 * limited(x)) / 1e4;
