import { z } from 'zod';
import type { CoolingModel } from './types.ts';

const schema = z
  .strictObject({
    kind: z.literal('economizer-quadratic'),
    /** per °C² */
    quadraticPerC2: z.number().min(0).max(0.01).default(7.1705e-5),
    /** per °C */
    linearPerC: z.number().min(0).max(0.1).default(0.0041),
    constant: z.number().min(1).max(3).default(1.0743),
  })
  .refine((p) => p.quadraticPerC2 > 0 || p.linearPerC > 0, {
    message: 'a curve that does not depend on temperature is kind "fixed"',
  });

/**
 * pPUE(T) = 7.1705e-5 T² + 0.0041 T + 1.0743: the fit of Xu, Feng and Li ("Temperature aware
 * workload management in geo-distributed data centers", ICAC 2013) to a commercial outside-air
 * system measured from −3.9 °C (1.05) to 35 °C (1.30). Held at its minimum below the vertex.
 */
export const economizerQuadratic: CoolingModel<typeof schema> = {
  schema,
  ppue(p, air) {
    const vertexC = p.quadraticPerC2 > 0 ? -p.linearPerC / (2 * p.quadraticPerC2) : -Infinity;
    const t = Math.max(air.tempC, vertexC);
    return Math.max(1, p.quadraticPerC2 * t * t + p.linearPerC * t + p.constant);
  },
  onSiteWaterLPerKwh: () => 0,
};
