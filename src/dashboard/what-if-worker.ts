import { config } from 'zod';
import type { TriedPrices } from '../core/planning/weighed.ts';
import { untoldSites, type WhatIf, type WhatIfInputs, whatIf } from '../core/planning/what-if.ts';

/** The optimizer beside the page, so that sliders stay quick while it works. */

// The page's policy forbids code made of strings, which zod would otherwise try.
config({ jitless: true });

export type ToWorker = { inputs: WhatIfInputs } | { asked: number; prices: TriedPrices };
export type FromWorker =
  | { untold: string[] }
  | { asked: number; version: number; prices: TriedPrices; result: WhatIf; tookMs: number }
  | { asked: number; fault: string };

let inputs: WhatIfInputs | undefined;
const answer = (message: FromWorker) => postMessage(message);

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if ('inputs' in data) {
    inputs = data.inputs;
    answer({ untold: untoldSites(inputs) });
    return;
  }
  const { asked, prices } = data;
  try {
    const begunMs = performance.now();
    const of = inputs as WhatIfInputs;
    const result = whatIf(of, prices);
    const { version } = of.header;
    answer({ asked, version, prices, result, tookMs: performance.now() - begunMs });
  } catch (error) {
    answer({ asked, fault: (error as Error).message });
  }
});
