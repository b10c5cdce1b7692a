import { z } from 'zod';
import { siteSchema, zoneSchema } from '../../core/model/fleet.ts';
import { hardwareIds } from '../../core/model/hardware.ts';
import { registryId } from '../../core/model/registry-id.ts';
import { siteClimateSchema, siteGridSchema } from '../../core/model/site-place.ts';
import { hasGridRegion } from '../../feeds/embedded/grid.ts';
import { type Answers, coolings, slug } from './answers.ts';
import { always, type Field } from './field.ts';
import { nearestRegion } from './places.ts';
import { embeddedStation } from './stations.ts';
import { TARIFF_FORM, tariffText } from './tariff-text.ts';

/** Needed, of a field that follows from others. */
const unlessKnown = () => true;
const shape = siteSchema.shape;
const positive = z.number().positive().max(1e6);

const stationOf = ({ latDeg, lonDeg }: Partial<Answers>) =>
  latDeg === undefined || lonDeg === undefined ? undefined : embeddedStation({ latDeg, lonDeg });
const regionOf = ({ latDeg, lonDeg }: Partial<Answers>) =>
  latDeg === undefined || lonDeg === undefined ? undefined : nearestRegion({ latDeg, lonDeg }).name;
const lacksClimate = (known: Partial<Answers>) => stationOf(known) === undefined;

/** In the order in which they are asked; what a later one falls back on comes before it. */
export const fields: readonly Field[] = [
  { column: 'name', about: 'name, such as its city', schema: shape.name, isNeeded: always },
  {
    column: 'id',
    about: 'its name in the registry, lower-case',
    schema: registryId,
    isNeeded: unlessKnown,
    // A name without Latin letters has none.
    fallback: ({ name = '' }) => slug(name) || undefined,
    isRare: true,
  },
  {
    column: 'latDeg',
    about: 'latitude in degrees, south is negative',
    schema: shape.latDeg,
    isNumber: true,
    isNeeded: always,
  },
  {
    column: 'lonDeg',
    about: 'longitude in degrees, west is negative',
    schema: shape.lonDeg,
    isNumber: true,
    isNeeded: always,
  },
  {
    column: 'timeZone',
    about: 'IANA time zone, such as Europe/Oslo',
    schema: shape.timeZone,
    isNeeded: always,
  },
  {
    column: 'baseUrl',
    about: 'root of its OpenAI-compatible server, without /v1',
    schema: shape.upstream.shape.baseUrl,
    isNeeded: always,
  },
  {
    column: 'model',
    about: 'name under which that server has the model, if not that of --model',
    schema: z.string().min(1),
    isNeeded: unlessKnown,
  },
  {
    column: 'hardware',
    about: `servers: ${hardwareIds.join(' or ')}`,
    schema: z.enum(hardwareIds),
    fallback: () => hardwareIds[0],
  },
  {
    column: 'servers',
    about: 'how many servers of 8 accelerators',
    schema: shape.hardware.shape.servers,
    isNumber: true,
    isNeeded: always,
  },
  {
    column: 'tariff',
    about: `price of energy in AUD/kWh (or all in one other currency): ${TARIFF_FORM}`,
    schema: tariffText,
    isNeeded: always,
  },
  {
    column: 'cooling',
    about: `cooling: ${coolings.join(', ')}`,
    schema: z.enum(coolings),
    fallback: () => coolings[0],
  },
  {
    column: 'population',
    about: 'people whose requests come from near it, or any weight',
    schema: zoneSchema.shape.population,
    isNumber: true,
    fallback: () => '1000000',
  },
  {
    column: 'gridRegion',
    about: 'region of the grid; NSW1, QLD1, VIC1, SA1, TAS1, WEM and NT are known',
    schema: shape.gridRegion,
    isNeeded: unlessKnown,
    fallback: (known) =>
      stationOf(known)?.gridRegion ?? known.id?.toUpperCase().replaceAll('-', '').slice(0, 16),
  },
  {
    column: 'carbonKgPerKwh',
    about: 'annual mean carbon of the grid, kg CO2e/kWh',
    schema: siteGridSchema.shape.carbonKgPerKwh,
    isNumber: true,
    isNeeded: ({ gridRegion }) => gridRegion !== undefined && !hasGridRegion(gridRegion),
  },
  {
    column: 'waterLPerKwh',
    about: 'water that generation takes, L/kWh',
    schema: siteGridSchema.shape.waterLPerKwh,
    isNumber: true,
    isRare: true,
  },
  {
    column: 'januaryC',
    about: 'mean temperature of January, day and night, °C',
    schema: siteClimateSchema.shape.januaryC,
    isNumber: true,
    isNeeded: lacksClimate,
  },
  {
    column: 'julyC',
    about: 'mean temperature of July, °C',
    schema: siteClimateSchema.shape.julyC,
    isNumber: true,
    isNeeded: (known) => lacksClimate(known) || known.januaryC !== undefined,
  },
  {
    column: 'dailyRangeC',
    about: 'from the least of a day to its most, °C (9)',
    schema: siteClimateSchema.shape.dailyRangeC,
    isNumber: true,
    isRare: true,
  },
  {
    column: 'rhPct',
    about: 'mean relative humidity, % (70)',
    schema: siteClimateSchema.shape.rhPct,
    isNumber: true,
    isRare: true,
  },
  {
    column: 'placementRegion',
    about: 'cloud region next to it, where its solver runs',
    schema: shape.placementRegion,
    isNeeded: unlessKnown,
    fallback: regionOf,
    isRare: true,
  },
  {
    column: 'batteryKwh',
    about: 'usable capacity of its battery, kWh',
    schema: positive,
    isNumber: true,
    isNeeded: ({ batteryKw }) => batteryKw !== undefined,
    isRare: true,
  },
  {
    column: 'batteryKw',
    about: 'power of the battery, either way, kW',
    schema: positive,
    isNumber: true,
    isNeeded: ({ batteryKwh }) => batteryKwh !== undefined,
    isRare: true,
  },
  {
    column: 'solarPeakKw',
    about: 'peak power of its solar modules, kW',
    schema: positive,
    isNumber: true,
    isRare: true,
  },
  {
    column: 'gridKw',
    about: 'most that its connection carries, kW',
    schema: positive,
    isNumber: true,
    isRare: true,
  },
];

export const columns = fields.map((f) => f.column);
export const neededColumns = fields.filter((f) => f.isNeeded === always).map((f) => f.column);
