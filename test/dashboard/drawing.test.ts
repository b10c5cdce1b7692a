import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { greatCircleKm } from '../../src/core/model/geo.ts';
import { EventReader } from '../../src/dashboard/events.ts';
import { placeLabels } from '../../src/dashboard/labels.ts';
import { projection, scaleBarKm } from '../../src/dashboard/projection.ts';
import { cividis, extent, linear, roundedOut, ticks } from '../../src/dashboard/scale.ts';

test('events are the same however the stream is cut', () => {
  const event = fc.record({
    name: fc.stringMatching(/^[a-z]{1,8}$/),
    data: fc.json(),
  });
  fc.assert(
    fc.property(fc.array(event), fc.array(fc.nat(400)), (events, cuts) => {
      const text = events.map((e) => `event: ${e.name}\ndata: ${e.data}\n\n`).join('');
      const at = [0, ...cuts.map((c) => Math.min(c, text.length)).sort((a, b) => a - b)];
      const reader = new EventReader();
      const read = at.flatMap((from, n) => reader.push(text.slice(from, at[n + 1])));
      expect(read).toEqual(events);
    }),
  );
});

test('no label covers another label or any mark, and none leaves the map', () => {
  const mark = fc.record({
    x: fc.integer({ min: 0, max: 400 }),
    y: fc.integer({ min: 0, max: 300 }),
    radius: fc.integer({ min: 3, max: 25 }),
    width: fc.integer({ min: 20, max: 110 }),
  });
  const bounds = { left: 30, top: 5, right: 400, bottom: 300 };
  fc.assert(
    fc.property(fc.array(mark, { maxLength: 20 }), (marks) => {
      const height = 14;
      const boxes = placeLabels(marks, height, bounds).flatMap((at, n) => {
        if (!at) return [];
        const top = at.y - 0.78 * height;
        const { width } = marks[n] as (typeof marks)[number];
        return [{ left: at.x, right: at.x + width, top, bottom: top + height }];
      });
      const discs = marks.map(({ x, y, radius: r }) => ({
        left: x - r,
        right: x + r,
        top: y - r,
        bottom: y + r,
      }));
      boxes.forEach((box, n) => {
        expect(box.left >= bounds.left && box.right <= bounds.right).toBe(true);
        expect(box.top >= bounds.top - 1e-9).toBe(true);
        expect(box.bottom <= bounds.bottom + 1e-9).toBe(true);
        for (const other of [...discs, ...boxes.slice(n + 1)]) {
          const apart =
            box.right <= other.left + 1e-6 ||
            other.right <= box.left + 1e-6 ||
            box.bottom <= other.top + 1e-6 ||
            other.bottom <= box.top + 1e-6;
          expect(apart).toBe(true);
        }
      });
    }),
  );
});

test('a site at an edge has its label where there is room, and places without a mark take none', () => {
  const bounds = { left: 40, top: 0, right: 340, bottom: 100 };
  const site = { x: 330, y: 50, radius: 14, width: 100 };
  const [left] = placeLabels([site], 15, bounds);
  expect(left?.x).toBe(330 - 18 - 100);
  // A country whose name would stand there gives way.
  const country = { x: 270, y: 50, radius: 0, width: 60 };
  expect(placeLabels([site, country], 15, bounds)[0]).toEqual(left);
  // Neither side has room: moved along, within the bounds.
  const [above] = placeLabels([{ ...site, x: 60, width: 290 }], 15, bounds);
  expect(above?.x).toBe(40);
  expect(above?.y).toBeLessThan(36);
});

describe('scales', () => {
  test('map ends to ends, and a domain of one value to the middle', () => {
    const y = linear([2, 4], [100, 0]);
    expect([y(2), y(3), y(4)]).toEqual([100, 50, 0]);
    expect(linear([1, 1], [0, 10])(1)).toBe(5);
  });

  test('ticks are round, in order and within', () => {
    expect(ticks([0, 1], 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
        (low, span) => {
          const marks = ticks([low, low + span]);
          expect(marks.length).toBeGreaterThanOrEqual(2);
          expect(marks.length).toBeLessThanOrEqual(7);
          expect(marks.every((m) => m >= low - 1e-6 * span && m <= low + 1.000001 * span)).toBe(
            true,
          );
        },
      ),
    );
  });

  test('extent of nothing and of one value is still a span', () => {
    expect(extent([])).toEqual([0, 1]);
    expect(extent([3, Number.NaN])).toEqual([2.5, 3.5]);
  });

  test('the colours grow lighter all along, so that they tell the order without hue', () => {
    const lightness = (share: number) => {
      const [r, g, b] = (cividis(share).match(/\d+/g) as string[]).map(Number) as [
        number,
        number,
        number,
      ];
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    for (let n = 1; n <= 50; n++)
      expect(lightness(n / 50)).toBeGreaterThan(lightness((n - 1) / 50));
  });
});

test('an axis ends on marks, and holds all there is', () => {
  const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(value, value, (a, b) => {
      fc.pre(Math.abs(a - b) > 1e-6);
      const domain: [number, number] = [Math.min(a, b), Math.max(a, b)];
      const [low, high] = roundedOut(domain, 4);
      const slack = 1e-6 * (domain[1] - domain[0]);
      expect(low).toBeLessThanOrEqual(domain[0] + slack);
      expect(high).toBeGreaterThanOrEqual(domain[1] - slack);
      const marks = ticks([low, high], 4);
      expect(marks.length).toBeGreaterThanOrEqual(2);
      expect(marks.length).toBeLessThanOrEqual(7);
    }),
  );
  expect(roundedOut([0, 36], 4)).toEqual([0, 40]);
  expect(roundedOut([3, 3], 4)).toEqual([3, 3]);
});

test('the scale of a map is that of great circles near its middle, and its bar has room', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -60, max: 60, noNaN: true }),
      fc.double({ min: -150, max: 150, noNaN: true }),
      fc.double({ min: 3, max: 10, noNaN: true }),
      fc.double({ min: 3, max: 20, noNaN: true }),
      fc.integer({ min: 300, max: 1600 }),
      (lat, lon, up, across, room) => {
        const box = {
          westDeg: lon - across / 2,
          eastDeg: lon + across / 2,
          southDeg: lat - up / 2,
          northDeg: lat + up / 2,
        };
        const map = projection(box, room, 620);
        expect(map.height).toBeLessThanOrEqual(620 + 1e-9);
        expect(map.frame.right).toBeLessThanOrEqual(room);
        const [a, b] = [
          { latDeg: lat, lonDeg: lon - 0.5 },
          { latDeg: lat + 0.5, lonDeg: lon + 0.5 },
        ];
        const [from, to] = [map.at(a), map.at(b)];
        const km = map.kmPerPx * Math.hypot(to.x - from.x, to.y - from.y);
        expect(km / greatCircleKm(a, b)).toBeGreaterThan(0.98);
        expect(km / greatCircleKm(a, b)).toBeLessThan(1.02);
        const bar = scaleBarKm(map.kmPerPx, 120);
        expect(bar / map.kmPerPx).toBeLessThanOrEqual(120 + 1e-9);
        expect(bar / map.kmPerPx).toBeGreaterThan(120 / 2.51);
      },
    ),
  );
});
