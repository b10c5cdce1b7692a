import publicFleetJson from '../../config/fleet.public.json' with { type: 'json' };
import { parseInput } from '../core/model/errors.ts';
import { type PublicFleet, publicFleetSchema } from '../core/model/fleet.ts';
import { sha256 } from './auth.ts';

/** The registry without any site's cost data, generated from config/fleet.json by `npm run generate`. */
export const fleet: PublicFleet = parseInput(
  publicFleetSchema,
  publicFleetJson,
  'config/fleet.public.json',
);

let digest: string | undefined;

/** The same for the same registry only: sites, zones and classes, their order, and what is said of them. */
export async function fleetDigest(): Promise<string> {
  digest ??= (await sha256(JSON.stringify(fleet))).join();
  return digest;
}
