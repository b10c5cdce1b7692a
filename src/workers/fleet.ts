import publicFleetJson from '../../config/fleet.public.json' with { type: 'json' };
import { parseInput } from '../core/model/errors.ts';
import { type PublicFleet, publicFleetSchema } from '../core/model/fleet.ts';

/** The registry without any site's cost data, generated from config/fleet.json by `npm run generate`. */
export const fleet: PublicFleet = parseInput(
  publicFleetSchema,
  publicFleetJson,
  'config/fleet.public.json',
);
