import { readFile } from 'node:fs/promises';
import { projectPath } from './bundle.ts';

/** [longitude, latitude] in degrees. */
type Point = [number, number];

export interface Box {
  westDeg: number;
  eastDeg: number;
  southDeg: number;
  northDeg: number;
}

/** TopoJSON as world-atlas has it: quantized arcs of differences, polygons of arcs. */
interface Topology {
  transform: { scale: Point; translate: Point };
  arcs: Point[][];
  objects: { land: { geometries: { arcs: number[][][] }[] } };
}

/** A ring across the antimeridian goes on beyond one of its sides: it may show on either. */
const TURNS_DEG = [-360, 0, 360];
/** Beyond this a map is of the world, and the coarser outline says enough. */
const CONTINENT_DEG = 90;
/** Rings smaller than this share of the box, across, are no help on a map of it. */
const SMALLEST_SHARE = 0.008;

/**
 * Outlines of the land within a box, as rings of [longitude, latitude], from Natural Earth 4.1
 * (public domain) as packaged by world-atlas. Boxes across the antimeridian are not meant.
 */
export async function coastline(box: Box): Promise<Point[][]> {
  const isWide = box.eastDeg - box.westDeg > CONTINENT_DEG;
  const file = `node_modules/world-atlas/land-${isWide ? '110m' : '50m'}.json`;
  const topology = JSON.parse(await readFile(projectPath(file), 'utf8')) as Topology;
  const arcs = topology.arcs.map((arc) => decoded(arc, topology.transform));
  const polygons = topology.objects.land.geometries.flatMap((g) => g.arcs);
  const least = SMALLEST_SHARE * (box.eastDeg - box.westDeg);
  return polygons
    .map((rings) => unwrapped(ringOf(rings[0] as number[], arcs)))
    .flatMap((ring) => TURNS_DEG.map((turn) => clipped(turned(ring, turn), box)))
    .filter((ring) => ring.length > 2 && across(ring) >= least)
    .map((ring) => ring.map(([lon, lat]): Point => [hundredth(lon), hundredth(lat)]));
}

function decoded(arc: Point[], { scale, translate }: Topology['transform']): Point[] {
  let x = 0;
  let y = 0;
  return arc.map(([dx, dy]): Point => {
    x += dx;
    y += dy;
    return [x * scale[0] + translate[0], y * scale[1] + translate[1]];
  });
}

/** A negative number is the arc of its complement, backwards. */
function ringOf(parts: number[], arcs: Point[][]): Point[] {
  return parts.flatMap((n) => {
    const arc = n < 0 ? (arcs[~n] as Point[]).toReversed() : (arcs[n] as Point[]);
    return arc.slice(1);
  });
}

/** Longitudes that go on past 180° instead of jumping to the other end of the map. */
function unwrapped(ring: Point[]): Point[] {
  let turns = 0;
  return ring.map(([lon, lat], n): Point => {
    const step = lon - (ring[Math.max(0, n - 1)] as Point)[0];
    if (Math.abs(step) > 180) turns -= 360 * Math.sign(step);
    return [lon + turns, lat];
  });
}

function turned(ring: Point[], turnDeg: number): Point[] {
  return ring.map(([lon, lat]) => [lon + turnDeg, lat]);
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

function hundredth(deg: number): number {
  return Math.round(100 * deg) / 100;
}
