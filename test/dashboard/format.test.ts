import { expect, test } from 'vitest';
import { dateTime } from '../../src/dashboard/format.ts';

test.each([
  ['Australia/Sydney', '25 Nov 2026, 11:05 AEDT'],
  ['Australia/Perth', '25 Nov 2026, 08:05 AWST'],
  ['Europe/Berlin', '25 Nov 2026, 01:05 CET'],
  ['America/New_York', '24 Nov 2026, 19:05 EST'],
  ['Asia/Kolkata', '25 Nov 2026, 05:35 IST'],
  ['Asia/Tokyo', '25 Nov 2026, 09:05 GMT+9'],
  ['Europe/London', '25 Nov 2026, 00:05 GMT'],
  ['UTC', '25 Nov 2026, 00:05 UTC'],
])('an instant in %s', (timeZone, text) => {
  expect(dateTime(Date.UTC(2026, 10, 25, 0, 5), timeZone)).toBe(text);
});

test('summer and winter of a zone have names of their own', () => {
  expect(dateTime(Date.UTC(2026, 5, 25), 'Australia/Sydney')).toMatch(/AEST$/);
});
