import type { PeakMemory } from './memory.ts';

/**
 * One instance's figures. Rounds, gaps and differences are those of the worst day, all else is the mean
 * over the days; null is what was not run. What stands at the top is of learned rounds, cold to 0.1 %,
 * but for the rounds that say otherwise.
 */
export interface Measurement extends Compared {
  instance: string;
  coldRounds: number;
  /** After demand moved by up to 5 % and prices by 3 %, to 0.1 %. */
  warmRounds: number;
  /** To 0.01 %. */
  coldRoundsTight: number;
  /** Classic rounds, to 0.1 %. */
  classicColdRounds: number | null;
  /** CPU of one run before those that count: the first in its process pays for compiling. */
  firstRunMs: number;
  masterMsPerRound: number;
  siteCpuMsPerRound: number;
  /** On the wire, of a site, both directions. */
  bytesPerRound: number;
  /** CPU of the npm package's whole call: it reads the LP text, solves, and writes the solution. */
  highsMs: number | null;
  /** Of that, HiGHS's presolve, solver and postsolve. */
  highsSolveMs: number | null;
  /** Learned rounds, cold to 0.01 %. */
  tight: Compared;
  /** Supply rounds, cold to 0.1 %; the objective is the bound proven from the bids. */
  supply: Compared & { bytesFirstRound: number };
  /** Peak of a process that solves the first day to 0.1 %, and of one with HiGHS. */
  memory: PeakMemory;
  days: number;
  rounds: Record<RunKind, Spread | null>;
  /** Where a target was missed. */
  misses: string[];
}

export type RunKind =
  | 'cold'
  | 'warm'
  | 'tight'
  | 'unchanged'
  | 'supply'
  | 'supplyTight'
  | 'classic';

/** Some runs beside HiGHS's of the same days. */
export interface Compared {
  /** Certified. */
  gap: number;
  /** CPU of all rounds, coordinator and sites. */
  cpuMs: number;
  /** highsMs and highsSolveMs over cpuMs. */
  ratio: number | null;
  solveRatio: number | null;
  /** (true cost of these runs' plan − that of HiGHS's plan)/the latter. */
  objectiveDiff: number | null;
}

export interface Spread {
  median: number;
  p99: number;
  worst: number;
}
