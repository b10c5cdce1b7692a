import { type Atlas, type Box, type Point, ringOf, rounded } from './topology.ts';

/** A ring across the antimeridian goes on beyond one of its sides: it may show on either. */
const TURNS_DEG = [-360, 0, 360];
/** Rings smaller than this share of the box, across, are no help on a map of it. */
const SMALLEST_SHARE = 0.008;

/** Outlines of the land within a box, as rings. Boxes across the antimeridian are not meant. */
export function coastline({ land, arcs }: Atlas, box: Box): Point[][] {
  const least = SMALLEST_SHARE * (box.eastDeg - box.westDeg);
  return land
    .flatMap((ring) => within(ringOf(ring, arcs), box))
    .filter((ring) => across(ring) >= least)
    .map((ring) => ring.map(rounded));
}

/** What of a ring lies within a box, wherever on the globe it was drawn. */
export function within(ring: Point[], box: Box): Point[][] {
  const turned = (deg: number) => ring.map(([lon, lat]): Point => [lon + deg, lat]);
  return TURNS_DEG.map((deg) => clipped(turned(deg), box)).filter((part) => part.length > 2);
}

/** Sutherland and Hodgman's clipping of a polygon by the four sides in turn. */
function clipped(ring: Point[], { westDeg, eastDeg, southDeg, northDeg }: Box): Point[] {
  const sides: [axis: 0 | 1, at: number, sign: 1 | -1][] = [
    [0, westDeg, 1],
    [0, eastDeg, -1],
    [1, southDeg, 1],
    [1, northDeg, -1],
  ];
  return sides.reduce((points, [axis, at, sign]) => {
    const inside = (p: Point) => sign * (p[axis] - at) >= 0;
    return points.flatMap((p, n): Point[] => {
      const before = points.at(n - 1) as Point;
      if (inside(p) === inside(before)) return inside(p) ? [p] : [];
      const share = (at - before[axis]) / (p[axis] - before[axis]);
      const crossing: Point = [
        before[0] + share * (p[0] - before[0]),
        before[1] + share * (p[1] - before[1]),
      ];
      return inside(p) ? [crossing, p] : [crossing];
    });
  }, ring);
}

function across(ring: Point[]): number {
  const lons = ring.map((p) => p[0]);
  const lats = ring.map((p) => p[1]);
  return Math.max(Math.max(...lons) - Math.min(...lons), Math.max(...lats) - Math.min(...lats));
}
