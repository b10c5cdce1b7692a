import { within } from './coastline.ts';
import { type Atlas, type Box, type Point, ringOf, rounded } from './topology.ts';

/** Points of a border nearer to one another than this share of the box say no more than one. */
const THINNING_SHARE = 1 / 1000;
/** Countries that take less of the box than this are not named. */
const NAMED_SHARE = 0.015;
/** Places a name may have, along each side of the box. */
const GRID = 24;

/** Lines between two countries within a box: coasts are no borders. */
export function borders({ arcs, countries }: Atlas, box: Box): Point[][] {
  const owners = new Map<number, Set<string>>();
  for (const { name, rings } of countries) {
    for (const n of rings.flat()) {
      const arc = n < 0 ? ~n : n;
      owners.set(arc, (owners.get(arc) ?? new Set()).add(name));
    }
  }
  const least = THINNING_SHARE * (box.eastDeg - box.westDeg);
  return [...owners]
    .filter(([, names]) => names.size > 1)
    .flatMap(([arc]) => partsWithin(arcs[arc] as Point[], box))
    .map((line) => thinned(line, least).map(rounded));
}

/** The pieces of a line that lie within a box, each up to its sides. */
function partsWithin(line: readonly Point[], box: Box): Point[][] {
  const parts: Point[][] = [];
  for (let n = 1; n < line.length; n++) {
    const piece = clippedSegment(line[n - 1] as Point, line[n] as Point, box);
    if (!piece) continue;
    const [from, to] = piece;
    const last = parts.at(-1);
    const end = last?.at(-1);
    if (last && end?.[0] === from[0] && end[1] === from[1]) last.push(to);
    else parts.push([from, to]);
  }
  return parts;
}

/** Liang and Barsky's clipping; undefined where the segment lies outside. */
function clippedSegment(a: Point, b: Point, box: Box): [Point, Point] | undefined {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  const sides = [
    [-dx, a[0] - box.westDeg],
    [dx, box.eastDeg - a[0]],
    [-dy, a[1] - box.southDeg],
    [dy, box.northDeg - a[1]],
  ] as const;
  let [from, to] = [0, 1];
  for (const [step, room] of sides) {
    if (step === 0 && room < 0) return undefined;
    if (step < 0) from = Math.max(from, room / step);
    if (step > 0) to = Math.min(to, room / step);
  }
  if (from >= to) return undefined;
  const at = (share: number): Point => [a[0] + share * dx, a[1] + share * dy];
  return [from === 0 ? a : at(from), to === 1 ? b : at(to)];
}

function thinned(line: readonly Point[], leastDeg: number): Point[] {
  const kept: Point[] = [];
  for (const [n, point] of line.entries()) {
    const last = kept.at(-1);
    const isEnd = n === line.length - 1;
    if (!last || isEnd || distance(last, point) >= leastDeg) kept.push(point);
  }
  return kept;
}

export interface PlaceName {
  name: string;
  lonDeg: number;
  latDeg: number;
}

/** Countries that take much of a box, the largest first, each where it has most room around it. */
export function countryNames({ arcs, countries }: Atlas, box: Box): PlaceName[] {
  const areaOf = (b: Box) => (b.eastDeg - b.westDeg) * (b.northDeg - b.southDeg);
  return countries
    .flatMap(({ name, rings }) => {
      const parts = rings.flatMap((ring) => within(ringOf(ring, arcs), box));
      const [largest] = parts.sort((a, b) => area(b) - area(a));
      if (!largest || area(largest) < NAMED_SHARE * areaOf(box)) return [];
      const [lonDeg, latDeg] = rounded(roomiest(largest, box));
      return [{ name, lonDeg, latDeg, area: area(largest) }];
    })
    .sort((a, b) => b.area - a.area)
    .map(({ area: _, ...place }) => place);
}

/** Of the points of a grid over the box, the one within the ring that is farthest from its outline. */
function roomiest(ring: readonly Point[], box: Box): Point {
  const steps = Array.from({ length: GRID }, (_, n) => (n + 0.5) / GRID);
  let best: { point: Point; room: number } = { point: ring[0] as Point, room: 0 };
  for (const x of steps) {
    for (const y of steps) {
      const point: Point = [
        box.westDeg + x * (box.eastDeg - box.westDeg),
        box.southDeg + y * (box.northDeg - box.southDeg),
      ];
      if (!surrounds(ring, point)) continue;
      const room = Math.min(...ring.map((p) => distance(p, point)));
      const toSides = Math.min(x, 1 - x) * (box.eastDeg - box.westDeg);
      const least = Math.min(room, toSides, Math.min(y, 1 - y) * (box.northDeg - box.southDeg));
      if (least > best.room) best = { point, room: least };
    }
  }
  return best.point;
}

/** By how often a line to the east crosses the ring. */
export function surrounds(ring: readonly Point[], [x, y]: Point): boolean {
  return ring.reduce((inside, [x1, y1], n) => {
    const [x0, y0] = ring.at(n - 1) as Point;
    const crosses = y1 > y !== y0 > y && x < x1 + ((y - y1) / (y0 - y1)) * (x0 - x1);
    return crosses ? !inside : inside;
  }, false);
}

/** Of a ring, square degrees. */
function area(ring: readonly Point[]): number {
  const twice = ring.reduce((sum, [x, y], n) => {
    const [x0, y0] = ring.at(n - 1) as Point;
    return sum + x0 * y - x * y0;
  }, 0);
  return Math.abs(twice) / 2;
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}
