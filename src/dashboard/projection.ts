/**
 * A map of a box of the globe in pixels: equirectangular, true along the middle parallel, with room
 * left and below for degrees and a scale.
 */

export interface Box {
  westDeg: number;
  eastDeg: number;
  southDeg: number;
  northDeg: number;
}

export interface Projection {
  /** Of the whole drawing. */
  width: number;
  height: number;
  /** Of the map itself. */
  frame: { left: number; right: number; bottom: number };
  kmPerPx: number;
  at(place: { latDeg: number; lonDeg: number }): { x: number; y: number };
}

const LEFT = 42;
const BOTTOM = 40;
/** Of the Earth's mean radius, 6371 km. */
const KM_PER_DEG = (6371 * Math.PI) / 180;

/** As wide as there is room, no higher than `maxHeight`. */
export function projection(box: Box, room: number, maxHeight: number): Projection {
  const middle = (((box.southDeg + box.northDeg) / 2) * Math.PI) / 180;
  const across = (box.eastDeg - box.westDeg) * Math.cos(middle);
  const up = box.northDeg - box.southDeg;
  const perDeg = Math.min((room - LEFT - 1) / across, (maxHeight - BOTTOM) / up);
  const left = Math.max(LEFT, (room - perDeg * across) / 2);
  return {
    width: room,
    height: perDeg * up + BOTTOM,
    frame: { left, right: left + perDeg * across, bottom: perDeg * up },
    kmPerPx: KM_PER_DEG / perDeg,
    at: ({ latDeg, lonDeg }) => ({
      x: left + (lonDeg - box.westDeg) * Math.cos(middle) * perDeg,
      y: (box.northDeg - latDeg) * perDeg,
    }),
  };
}

/** The longest round number of kilometres, 1, 2 or 5 times a power of ten, within so many pixels. */
export function scaleBarKm(kmPerPx: number, maxPx: number): number {
  const most = kmPerPx * maxPx;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([5, 2, 1].find((m) => m * power <= most) as number) * power;
}
