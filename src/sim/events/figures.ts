import type { WaitingFigures } from './put-off.ts';

/** What is said of a span's requests and sites, by the model before or by the simulation after it. */
export interface Figures {
  /** Of work that may wait, TTFT counts from when it is served. */
  classes: ClassFigures[];
  sites: SiteFigures[];
  /** Of work that may wait; absent where none may. */
  waiting?: WaitingFigures;
}

export interface ClassFigures {
  class: string;
  requests: number;
  ttftMeanMs: number;
  ttftP50Ms: number;
  ttftP95Ms: number;
  ttftP99Ms: number;
  waitMeanMs: number;
  overSloShare: number;
}

export interface SiteFigures {
  site: string;
  requests: number;
  /** Work over capacity, both at full batches. */
  utilisation: number;
  waitMeanMs: number;
  itKwh: number;
  facilityKwh: number;
  /** Servers that do not sleep, mean. */
  awakeServers: number;
}
