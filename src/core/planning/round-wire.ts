import { z } from 'zod';
import { packServed, type ServedHour, unpackServed } from '../learning/served.ts';
import { InvalidInputError, parseInput } from '../model/errors.ts';
import { objectivePricesSchema } from '../model/fleet.ts';
import { workSpeedSchema } from '../model/speed.ts';
import { PIECES } from '../optimizer/cut.ts';
import type { SiteImpacts } from '../optimizer/impacts.ts';
import { decodePacket, encodePacket, type Packet } from '../optimizer/packet.ts';
import type { SiteAnswer, SiteCoupling, SiteQuery } from '../optimizer/site-subproblem.ts';
import type { SiteSeries } from './inputs.ts';

/**
 * A round on the wire. A query carries all a solver needs beside its own cost data, so that a solver
 * keeps no state: the slots, the prices of the objective, the site's public surroundings, and the
 * proposal. Nothing private travels towards the site, and only {@link SiteAnswer} comes back.
 */
const queryMetaSchema = z.strictObject({
  kind: z.literal('query'),
  runId: z.string().min(1).max(64),
  site: z.string(),
  startUtcMs: z.number(),
  slotCount: z.int().min(1).max(1000),
  slotHours: z.number().positive().max(24),
  prices: objectivePricesSchema,
  /** How fast the site was measured to be; absent: as its registry entry has it. */
  speed: workSpeedSchema.optional(),
  impacts: z.literal(true).optional(),
});

/** Points of a supply curve a solver computes at most, by slot. */
const MAX_SUPPLY_POINTS = 64;

const answerMetaSchema = z.strictObject({
  kind: z.literal('answer'),
  runId: z.string(),
  site: z.string(),
  plantState: z.enum(['reported', 'configured']).optional(),
});

/** Whether a site's plant was planned with as it is, or as its registry entry has it. */
export type PlantStateSource = NonNullable<z.output<typeof answerMetaSchema>['plantState']>;

/** In an answer's place where a solver cannot give one. */
const faultMetaSchema = z.strictObject({ kind: z.literal('fault'), reason: z.string().max(300) });

export type Surroundings = Omit<SiteSeries, 'sources'>;

export interface RoundQuery extends Omit<z.output<typeof queryMetaSchema>, 'impacts'> {
  query: SiteQuery;
  surroundings: Surroundings;
  /** What the site had to do in the last hours, for what its meters say. */
  served?: ServedHour[];
}

export function encodeQuery(q: RoundQuery): Uint8Array<ArrayBuffer> {
  const { query, surroundings, served, ...meta } = q;
  const { tempC, rhPct, spotAudPerMwh, carbonKgPerKwh, gridWaterLPerKwh } = surroundings;
  return encodePacket({
    round: query.round,
    meta: { ...meta, impacts: query.impacts },
    arrays: {
      totals: query.totals,
      prices: query.prices,
      box: query.box,
      ...(query.maxLoad && { maxLoad: query.maxLoad }),
      ...(query.supplyLoad && { supplyLoad: query.supplyLoad }),
      ...(query.proximal && { penalty: query.proximal.penalty, center: query.proximal.center }),
      tempC,
      rhPct,
      spotAudPerMwh,
      carbonKgPerKwh,
      gridWaterLPerKwh,
      // An array, which solvers of before pass over.
      ...(served && { served: packServed(served) }),
    },
  });
}

/**
 * Reads a query for a site with `classCount` classes.
 * Throws {@link InvalidInputError} if an array is missing, misshapen or not finite where it must be.
 */
export function decodeQuery(bytes: Uint8Array, classCount: number): RoundQuery {
  const what = 'round query';
  const packet = decodePacket(bytes, what);
  const { impacts, ...meta } = parseInput(queryMetaSchema, packet.meta, what);
  const T = meta.slotCount;
  const read = arrayReader(packet, what);
  const byTotal = (name: string) => read(name, T * classCount);
  const query: SiteQuery = {
    round: packet.round,
    totals: byTotal('totals'),
    prices: byTotal('prices'),
    box: byTotal('box'),
  };
  if (impacts) query.impacts = impacts;
  if (packet.arrays.maxLoad) {
    query.maxLoad = read('maxLoad', T);
    const bad = query.maxLoad.findIndex((load) => load < 0);
    if (bad >= 0) throw new InvalidInputError(what, [`maxLoad[${bad}] is negative`]);
  }
  const { supplyLoad } = packet.arrays;
  if (supplyLoad) {
    if (supplyLoad.length % T !== 0 || supplyLoad.length > MAX_SUPPLY_POINTS * T) {
      throw new InvalidInputError(what, [
        `supplyLoad: ${supplyLoad.length} values, expected 1 to ${MAX_SUPPLY_POINTS} for each of ${T} slots`,
      ]);
    }
    query.supplyLoad = read('supplyLoad', supplyLoad.length);
  }
  if (packet.arrays.penalty || packet.arrays.center) {
    query.proximal = { penalty: byTotal('penalty'), center: byTotal('center') };
  }
  const surroundings: Surroundings = {
    tempC: read('tempC', T),
    rhPct: read('rhPct', T),
    spotAudPerMwh: read('spotAudPerMwh', T, true),
    carbonKgPerKwh: read('carbonKgPerKwh', T),
    gridWaterLPerKwh: read('gridWaterLPerKwh', T),
  };
  const served = packet.arrays.served && unpackServed(packet.arrays.served);
  if (packet.arrays.served && !served) {
    throw new InvalidInputError(what, ['served: not hours of work']);
  }
  return { ...meta, query, surroundings, ...(served && { served }) };
}

/** @param plantState of sites that are asked for it */
export function encodeAnswer(
  runId: string,
  site: string,
  a: SiteAnswer,
  plantState?: PlantStateSource,
): Uint8Array<ArrayBuffer> {
  return encodePacket({
    round: a.round,
    meta: { kind: 'answer', runId, site, ...(plantState && { plantState }) },
    arrays: {
      costAud: a.costAud,
      marginalAud: a.marginalAud,
      slopeAud: a.slopeAud,
      boundAud: a.boundAud,
      ...(a.proximal && { proximal: a.proximal }),
      ...(a.impacts && impactArrays(a.impacts)),
      ...(a.coupling && couplingArrays(a.coupling)),
      ...(a.supply && {
        supplyCostAud: a.supply.costAud,
        supplyMarginalAud: a.supply.marginalAud,
        supplySlopeAud: a.supply.slopeAud,
      }),
    },
  });
}

export function encodeFault(reason: string): Uint8Array<ArrayBuffer> {
  return encodePacket({
    round: 0,
    meta: { kind: 'fault', reason: reason.slice(0, 300) },
    arrays: {},
  });
}

/**
 * Reads an answer; its figures are judged later, by answer-check.ts.
 * Throws {@link InvalidInputError} if it is not an answer of this run and site, and an error with the
 * solver's reason if it is a fault.
 */
export function decodeAnswer(
  bytes: Uint8Array,
  runId: string,
  site: string,
): SiteAnswer & { plantState?: PlantStateSource } {
  const what = `answer of ${site}`;
  const packet = decodePacket(bytes, what);
  const fault = faultMetaSchema.safeParse(packet.meta);
  if (fault.success) throw new Error(fault.data.reason);
  const meta = parseInput(answerMetaSchema, packet.meta, what);
  if (meta.site !== site) throw new InvalidInputError(what, [`is of site "${meta.site}"`]);
  if (meta.runId !== runId) throw new InvalidInputError(what, [`is of run "${meta.runId}"`]);
  const { costAud, marginalAud, slopeAud, boundAud, proximal } = packet.arrays;
  if (!costAud || !marginalAud || !slopeAud || !boundAud) {
    throw new InvalidInputError(what, ['lacks one of costAud, marginalAud, slopeAud, boundAud']);
  }
  const answer: ReturnType<typeof decodeAnswer> = {
    round: packet.round,
    costAud,
    marginalAud,
    slopeAud,
    boundAud,
    proximal,
  };
  if (meta.plantState) answer.plantState = meta.plantState;
  const impacts = readImpacts(packet.arrays);
  if (impacts) answer.impacts = impacts;
  const { supplyCostAud, supplyMarginalAud, supplySlopeAud } = packet.arrays;
  if (supplyCostAud && supplyMarginalAud && supplySlopeAud) {
    answer.supply = {
      costAud: supplyCostAud,
      marginalAud: supplyMarginalAud,
      slopeAud: supplySlopeAud,
    };
  }
  const coupling = readCoupling(packet.arrays, costAud.length, what);
  if (coupling) answer.coupling = coupling;
  return answer;
}

function impactArrays({ energy, ...carbonAndWater }: SiteImpacts) {
  const { ppue, ...told } = energy ?? {};
  return { ...carbonAndWater, ...told, ...(ppue && { ppue }) };
}

/** Energy is told beside carbon and water or not at all: solvers of versions without it tell none. */
function readImpacts(arrays: Packet['arrays']): SiteImpacts | undefined {
  const { carbonKg, waterL, marginalCarbonKg, marginalWaterL } = arrays;
  if (!carbonKg || !waterL || !marginalCarbonKg || !marginalWaterL) return undefined;
  const impacts: SiteImpacts = { carbonKg, waterL, marginalCarbonKg, marginalWaterL };
  const { energyKwh, energyAud, marginalEnergyKwh, marginalEnergyAud, ppue } = arrays;
  if (energyKwh && energyAud && marginalEnergyKwh && marginalEnergyAud) {
    impacts.energy = { energyKwh, energyAud, marginalEnergyKwh, marginalEnergyAud };
    if (ppue) impacts.energy.ppue = ppue;
  }
  return impacts;
}

/** Bounds one after another, of {@link PIECES} pieces a slot each. */
function couplingArrays({ cuts, shedReqPerS }: SiteCoupling) {
  return {
    couplingInterceptAud: Float64Array.from(cuts.flatMap((cut) => [...cut.interceptAud])),
    couplingMarginalAud: Float64Array.from(cuts.flatMap((cut) => [...cut.marginalAud])),
    couplingPeakShare: Float64Array.from(cuts.flatMap((cut) => [...cut.peakShare])),
    couplingShed: shedReqPerS,
  };
}

function readCoupling(
  arrays: Packet['arrays'],
  slotCount: number,
  what: string,
): SiteCoupling | undefined {
  const { couplingInterceptAud, couplingMarginalAud, couplingPeakShare, couplingShed } = arrays;
  const sent = [couplingInterceptAud, couplingMarginalAud, couplingPeakShare, couplingShed];
  if (sent.every((array) => array === undefined)) return undefined;
  if (!couplingInterceptAud || !couplingMarginalAud || !couplingPeakShare || !couplingShed) {
    throw new InvalidInputError(what, [
      'has some but not all of couplingInterceptAud, couplingMarginalAud, couplingPeakShare, couplingShed',
    ]);
  }
  const byCut = { interceptAud: slotCount * PIECES, marginalAud: couplingShed.length * PIECES };
  const count = couplingInterceptAud.length / (byCut.interceptAud || 1);
  if (!Number.isInteger(count)) {
    throw new InvalidInputError(what, [
      `couplingInterceptAud: ${couplingInterceptAud.length} values, expected a multiple of ${byCut.interceptAud}`,
    ]);
  }
  const expected = count * byCut.marginalAud;
  if (couplingMarginalAud.length !== expected) {
    throw new InvalidInputError(what, [
      `couplingMarginalAud: ${couplingMarginalAud.length} values, expected ${expected}`,
    ]);
  }
  if (couplingPeakShare.length !== couplingInterceptAud.length) {
    throw new InvalidInputError(what, [
      `couplingPeakShare: ${couplingPeakShare.length} values, expected ${couplingInterceptAud.length}`,
    ]);
  }
  const cuts = Array.from({ length: count }, (_, n) => ({
    interceptAud: couplingInterceptAud.slice(n * byCut.interceptAud, (n + 1) * byCut.interceptAud),
    marginalAud: couplingMarginalAud.slice(n * byCut.marginalAud, (n + 1) * byCut.marginalAud),
    peakShare: couplingPeakShare.slice(n * byCut.interceptAud, (n + 1) * byCut.interceptAud),
  }));
  return { cuts, shedReqPerS: couplingShed };
}

function arrayReader(packet: Packet, what: string) {
  return (name: string, length: number, holesAllowed = false): Float64Array => {
    const array = packet.arrays[name];
    if (!array) throw new InvalidInputError(what, [`${name}: missing`]);
    if (array.length !== length) {
      throw new InvalidInputError(what, [`${name}: ${array.length} values, expected ${length}`]);
    }
    const bad = array.findIndex((v) => !Number.isFinite(v) && !(holesAllowed && Number.isNaN(v)));
    if (bad >= 0) throw new InvalidInputError(what, [`${name}[${bad}]: ${array[bad]}`]);
    return array;
  };
}
