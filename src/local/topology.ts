import { readFile } from 'node:fs/promises';
import { projectPath } from './bundle.ts';

/** Outlines of Natural Earth 4.1 (public domain), as packaged by world-atlas. */

/** [longitude, latitude] in degrees. */
export type Point = [number, number];

export interface Box {
  westDeg: number;
  eastDeg: number;
  southDeg: number;
  northDeg: number;
}

interface Geometry {
  type: string;
  /** Of a polygon one level, of several two: rings of arcs. */
  arcs?: number[][] | number[][][];
  properties?: { name?: string };
}

/** TopoJSON as world-atlas has it: quantized arcs of differences, polygons of arcs. */
interface Topology {
  transform: { scale: Point; translate: Point };
  arcs: Point[][];
  objects: { land: { geometries: Geometry[] }; countries: { geometries: Geometry[] } };
}

export interface Atlas {
  /** Lines that outlines are put together of. */
  arcs: Point[][];
  /** Polygons without their holes, as rings of arcs; a negative number is the arc of its complement, backwards. */
  land: number[][];
  countries: { name: string; rings: number[][] }[];
}

/** Beyond this a map is of the world, and the coarser outlines say enough. */
const CONTINENT_DEG = 90;

/** The outlines of the whole Earth, in the detail that fits a map of a box. */
export async function atlasFor(box: Box): Promise<Atlas> {
  const isWide = box.eastDeg - box.westDeg > CONTINENT_DEG;
  const file = `node_modules/world-atlas/countries-${isWide ? '110m' : '50m'}.json`;
  const { arcs, transform, objects } = JSON.parse(
    await readFile(projectPath(file), 'utf8'),
  ) as Topology;
  return {
    arcs: arcs.map((arc) => decoded(arc, transform)),
    land: objects.land.geometries.flatMap(outerRings),
    countries: objects.countries.geometries.map((geometry) => ({
      name: geometry.properties?.name ?? '',
      rings: outerRings(geometry),
    })),
  };
}

function outerRings({ type, arcs = [] }: Geometry): number[][] {
  const polygons = (type === 'Polygon' ? [arcs] : arcs) as number[][][];
  return polygons.flatMap(([outer]) => (outer ? [outer] : []));
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

/** Points of a ring, in longitudes that go on past 180° instead of jumping to the other end of the map. */
export function ringOf(parts: readonly number[], arcs: readonly Point[][]): Point[] {
  const points = parts.flatMap((n) => {
    const arc = n < 0 ? (arcs[~n] as Point[]).toReversed() : (arcs[n] as Point[]);
    return arc.slice(1);
  });
  let turns = 0;
  return points.map(([lon, lat], n): Point => {
    const step = lon - (points[Math.max(0, n - 1)] as Point)[0];
    if (Math.abs(step) > 180) turns -= 360 * Math.sign(step);
    return [lon + turns, lat];
  });
}

/** To what a map in pixels can show. */
export function rounded([lon, lat]: Point): Point {
  return [Math.round(100 * lon) / 100, Math.round(100 * lat) / 100];
}
