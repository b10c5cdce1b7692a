import { interpolate } from './interpolate.ts';
import { JOULES_PER_KWH } from './units.ts';

/**
 * A tensor-parallel server (the unit that serves a request) with measured speeds and powers.
 * Source of the figures: splitwise-sim's measurements (MIT) of Llama-2-70B at tensor parallelism 8;
 * `serverFactor` (whole server over its GPUs, 1.5–1.8) is an estimate.
 */
export interface HardwareProfile {
  id: string;
  label: string;
  gpusPerServer: number;
  /** W per GPU. */
  idleW: number;
  prefillW: number;
  decodeW: number;
  /** Whole-server power over GPU power. */
  serverFactor: number;
  /** [prompt tokens, ms] */
  prefillMs: readonly (readonly [number, number])[];
  /** [sequences in the batch, ms per decode step] */
  decodeStepMs: readonly (readonly [number, number])[];
}

export const hardwareProfiles = {
  'h100-tp8': {
    id: 'h100-tp8',
    label: '8 × H100, tensor parallel',
    gpusPerServer: 8,
    idleW: 75,
    prefillW: 700,
    decodeW: 380,
    serverFactor: 1.6,
    prefillMs: [
      [512, 53],
      [1024, 78],
      [2048, 137],
      [4096, 390],
      [8192, 845],
    ],
    decodeStepMs: [
      [1, 29.8],
      [16, 34.2],
      [32, 38.6],
      [64, 50.2],
    ],
  },
  'a100-tp8': {
    id: 'a100-tp8',
    label: '8 × A100, tensor parallel',
    gpusPerServer: 8,
    idleW: 63,
    prefillW: 400,
    decodeW: 250,
    serverFactor: 1.6,
    prefillMs: [
      [512, 94],
      [1024, 155],
      [2048, 274],
      [4096, 661],
      [8192, 1550],
    ],
    decodeStepMs: [
      [1, 44.9],
      [16, 50.4],
      [32, 53.0],
      [64, 71.6],
    ],
  },
} as const satisfies Record<string, HardwareProfile>;

export type HardwareId = keyof typeof hardwareProfiles;
export const hardwareIds = Object.keys(hardwareProfiles) as [HardwareId, ...HardwareId[]];

/**
 * Time to process a prompt alone on one server, in ms. Below the measured points in proportion to the
 * tokens; above them along the last two, which is too little where attention weighs.
 */
export function prefillMs(hw: HardwareProfile, inputTokens: number): number {
  const [first, beforeLast, last] = [hw.prefillMs[0], hw.prefillMs.at(-2), hw.prefillMs.at(-1)];
  if (first !== undefined && inputTokens < first[0]) return (first[1] * inputTokens) / first[0];
  if (!beforeLast || !last || inputTokens <= last[0]) return interpolate(hw.prefillMs, inputTokens);
  const msPerToken = (last[1] - beforeLast[1]) / (last[0] - beforeLast[0]);
  return last[1] + msPerToken * (inputTokens - last[0]);
}

/** Time of one decode step of a batch, in ms. */
export function decodeStepMs(hw: HardwareProfile, batch: number): number {
  return interpolate(hw.decodeStepMs, batch);
}

/** What one request of a class asks of one server. */
export interface RequestWork {
  /** Prompt processing time, mean over the prompts. */
  prefillMs: number;
  /** The same by prompt. */
  promptMs: Float64Array;
  /** From arrival at a server at work to the first token with nobody waiting: floor of the mean TTFT. */
  firstTokenMs: number;
  /** Exclusive server time, in s: prefill plus the request's share of batched decode steps. */
  serverS: number;
  /** Energy at the server's plug while it works on the request, its share of the batch, in kWh. */
  itEnergyKwh: number;
}

/**
 * Time until a server that is decoding turns to a new prompt, in ms: on average half of the step under
 * way, which is not broken off.
 */
export function joinMs(hw: HardwareProfile, batch: number): number {
  return decodeStepMs(hw, batch) / 2;
}

/**
 * Work of a request: n_in tokens prefilled alone, n_out decode steps shared by `batch` sequences.
 * Power is the phase's power over that time; the idle power within it is included.
 * @param promptTokens n_in of prompts that are equally likely: time is not linear in tokens, so that of
 *   the mean prompt is not the mean time
 */
export function requestWork(
  hw: HardwareProfile,
  promptTokens: readonly number[],
  outputTokens: number,
  batch: number,
): RequestWork {
  const promptMs = Float64Array.from(promptTokens, (tokens) => prefillMs(hw, tokens));
  const prefill = promptMs.reduce((a, b) => a + b, 0) / promptMs.length;
  return {
    prefillMs: prefill,
    promptMs,
    firstTokenMs: prefill + joinMs(hw, batch),
    serverS: prefill / 1000 + decodeS(hw, outputTokens, batch),
    itEnergyKwh: itEnergyKwh(hw, prefill, outputTokens, batch),
  };
}

/** A request's share of its batch's decode steps, in s. */
function decodeS(hw: HardwareProfile, outputTokens: number, batch: number): number {
  return (outputTokens * decodeStepMs(hw, batch)) / batch / 1000;
}

/** Energy at the server's plug for a prompt's prefill and the decode steps after it, in kWh. */
export function itEnergyKwh(
  hw: HardwareProfile,
  prefillMs: number,
  outputTokens: number,
  batch: number,
): number {
  const serverW = hw.gpusPerServer * hw.serverFactor;
  const decodeJ = decodeS(hw, outputTokens, batch) * hw.decodeW;
  return (serverW * ((prefillMs / 1000) * hw.prefillW + decodeJ)) / JOULES_PER_KWH;
}

/** Idle power of one server at its plug, in kW. */
export function idleServerKw(hw: HardwareProfile): number {
  return (hw.gpusPerServer * hw.idleW * hw.serverFactor) / 1000;
}
