export const clamp = (x: number, low: number, high: number) => Math.min(high, Math.max(low, x));
