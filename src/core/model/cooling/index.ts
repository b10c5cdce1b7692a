import { z } from 'zod';
import type { Air } from '../weather.ts';
import { adiabatic } from './adiabatic.ts';
import { airCooledChiller } from './air-cooled-chiller.ts';
import { economizerQuadratic } from './economizer-quadratic.ts';
import { fixed } from './fixed.ts';
import { mixedMode } from './mixed-mode.ts';
import { table } from './table.ts';
import type { CoolingModel } from './types.ts';

/** The registry: a new cooling model is one file and one line in each of these two lists. */
const models = {
  'mixed-mode': mixedMode,
  'economizer-quadratic': economizerQuadratic,
  'air-cooled-chiller': airCooledChiller,
  adiabatic,
  fixed,
  table,
};

export const coolingSchema = z.discriminatedUnion('kind', [
  mixedMode.schema,
  economizerQuadratic.schema,
  airCooledChiller.schema,
  adiabatic.schema,
  fixed.schema,
  table.schema,
]);

export type Cooling = z.output<typeof coolingSchema>;
export type CoolingKind = Cooling['kind'];
export const coolingKinds = Object.keys(models) as CoolingKind[];

function modelOf(cooling: Cooling): CoolingModel<z.ZodType<Cooling>> {
  return models[cooling.kind] as unknown as CoolingModel<z.ZodType<Cooling>>;
}

/** Partial PUE (≥ 1) of a cooling system in the given air. */
export function ppue(cooling: Cooling, air: Air): number {
  return modelOf(cooling).ppue(cooling, air);
}

/** Water evaporated on site in L per kWh of IT. */
export function onSiteWaterLPerKwh(cooling: Cooling, air: Air): number {
  return modelOf(cooling).onSiteWaterLPerKwh(cooling, air);
}
