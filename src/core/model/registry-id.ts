import { z } from 'zod';

/** Name of a class, zone, site or solver in the registry. */
export const registryId = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be lower-case letters, digits and dashes, at most 32');
