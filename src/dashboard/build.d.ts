/** Made by the build around the registry's sites and zones (src/local/coastline.ts). */
declare module 'coastline:fleet' {
  const coastline: {
    box: { westDeg: number; eastDeg: number; southDeg: number; northDeg: number };
    rings: [lonDeg: number, latDeg: number][][];
  };
  export default coastline;
}

/** Path of the Web Worker that optimizes, by the build. */
declare const WHAT_IF_WORKER: string;
