/** A map of a box of the globe in pixels: equirectangular, true along the middle parallel. */

export interface Box {
  westDeg: number;
  eastDeg: number;
  southDeg: number;
  northDeg: number;
}

export interface Projection {
  width: number;
  height: number;
  at(place: { latDeg: number; lonDeg: number }): { x: number; y: number };
}

/** As wide as there is room, no higher than `maxHeight`. */
export function projection(box: Box, room: number, maxHeight: number): Projection {
  const middle = (((box.southDeg + box.northDeg) / 2) * Math.PI) / 180;
  const across = (box.eastDeg - box.westDeg) * Math.cos(middle);
  const up = box.northDeg - box.southDeg;
  const perDeg = Math.min(room / across, maxHeight / up);
  const left = (room - perDeg * across) / 2;
  return {
    width: room,
    height: perDeg * up,
    at: ({ latDeg, lonDeg }) => ({
      x: left + (lonDeg - box.westDeg) * Math.cos(middle) * perDeg,
      y: (box.northDeg - latDeg) * perDeg,
    }),
  };
}
