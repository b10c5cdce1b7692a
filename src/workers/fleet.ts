import publicFleetJson from '../../config/fleet.public.json' with { type: 'json' };
import { sha256Hex } from '../core/accounting/sha256.ts';
import { parseInput } from '../core/model/errors.ts';
import { type PublicFleet, publicFleetSchema } from '../core/model/fleet.ts';

/** The registry without any site's cost data, generated from config/fleet.json by `npm run generate`. */
export const fleet: PublicFleet = parseInput(
  publicFleetSchema,
  publicFleetJson,
  'config/fleet.public.json',
);

let digest: string | undefined;

/** The same for the same registry only: sites, zones and classes, their order, and what is said of them. */
export function fleetDigest(): string {
  digest ??= sha256Hex(JSON.stringify(fleet));
  return digest;
}
