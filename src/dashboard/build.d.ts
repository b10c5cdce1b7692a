/** Made by the build around the registry's sites and zones (src/local/{coastline,countries}.ts). */
declare module 'map:fleet' {
  type Line = [lonDeg: number, latDeg: number][];
  const ground: {
    box: { westDeg: number; eastDeg: number; southDeg: number; northDeg: number };
    /** Outlines of land. */
    rings: Line[];
    /** Between countries. */
    borders: Line[];
    /** Of countries, the largest first. */
    names: { name: string; latDeg: number; lonDeg: number }[];
  };
  export default ground;
}

/** Path of the Web Worker that optimizes, by the build. */
declare const WHAT_IF_WORKER: string;
