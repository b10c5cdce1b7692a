/** What adds up over spans, so that days can be put together in any way. */
interface Additive {
  objectiveAud: number;
  energyCostAud: number;
  facilityKwh: number;
  /** Drawn from the grid: less where there is solar power, more where batteries lose some. */
  gridKwh: number;
  coolingKwh: number;
  itKwh: number;
  carbonKg: number;
  waterL: number;
  /** Charged at the price of time: TTFT of all served, and of work that may wait its time in queues. */
  userHours: number;
  /** Of all classes, the unserved included. */
  requests: number;
  unservedRequests: number;
}

/** What a span of operation came to, under the true model. */
export interface SpanTotals extends Additive {
  /** Of classes that do not wait. */
  ttftMeanMs: number;
  /** 95th percentile over their requests, waiting included. */
  ttftP95Ms: number;
  /** Share of their requests whose TTFT exceeds the class's SLO, the unserved included. */
  sloViolationShare: number;
  /** Of the work that may wait; absent where no class's may. */
  batch?: BatchTotals;
  sites: SiteTotals[];
  zones: ZoneTotals[];
}

/** A span by what adds up alone. */
export interface SpanSums extends Additive {
  /** Of classes that do not wait: asked for, served, over their SLO (unserved included), and TTFT of the served. */
  userRequests: number;
  servedUserRequests: number;
  lateUserRequests: number;
  userTtftMs: number;
}

/** What became of work that may wait. */
export interface BatchTotals {
  /** Counted among all requests as well. */
  requests: number;
  unservedRequests: number;
  /** Share of the served that is served in a later slot than it came in. */
  movedShare: number;
  /** From the slot it came in to the slot it is served in, of all served. */
  meanDelayHours: number;
}

/** What routing asks of a zone: its mean TTFT beside that of its nearest site. */
export interface ZoneTotals {
  zone: string;
  /** Of served requests of classes that do not wait, waiting included. */
  ttftMeanMs: number;
  /** Of the same requests, had each gone to the nearest site a plan may use, with nobody waiting. */
  nearestTtftMs: number;
}

export interface SiteTotals {
  site: string;
  /** Share of all served requests. */
  share: number;
  /** Means over the span. */
  tempC: number;
  ppue: number;
  utilisation: number;
  /** Servers that do not sleep, busy or not. */
  awakeServers: number;
  energyAudPerKwh: number;
  carbonKgPerKwh: number;
  /** Over the span: solar power used or fed in, and what came out of the battery. */
  solarKwh: number;
  dischargedKwh: number;
}
