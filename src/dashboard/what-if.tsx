import { useEffect, useRef, useState } from 'preact/hooks';
import type { PlanViewBody } from '../core/planning/plan-view.ts';
import type { TriedPrices } from '../core/planning/weighed.ts';
import type { WhatIf, WhatIfInputs } from '../core/planning/what-if.ts';
import { count, figure, fixed, list, within } from './format.ts';
import { Gate, type GatedView } from './gate.tsx';
import { useAsked } from './hooks.ts';
import type { Ask } from './live.ts';
import { NoPlan } from './no-plan.tsx';
import type { Status } from './types.ts';
import { WhatIfTables } from './what-if-tables.tsx';
import type { FromWorker, ToWorker } from './what-if-worker.ts';

/** Sliders are moved in steps; a plan is made when they rest this long. */
const REST_MS = 150;

interface Slider {
  id: keyof TriedPrices;
  label: string;
  unit: string;
  max: number;
  step: number;
}

const sliders: Slider[] = [
  { id: 'carbonAudPerT', label: 'Carbon', unit: 'AUD per tonne CO₂e', max: 500, step: 5 },
  { id: 'waterAudPerKl', label: 'Water', unit: 'AUD per kilolitre', max: 50, step: 0.5 },
  {
    id: 'timeAudPerUserHour',
    label: 'Waiting time',
    unit: 'AUD per user-hour',
    max: 20,
    step: 0.1,
  },
];

/** What the plan would be at other prices: made in this browser, applied nowhere. */
export function WhatIfView({ live, ask, onToken }: GatedView) {
  if (!live.hasToken) {
    const why = 'Trying prices needs the admin token';
    return <Gate isRejected={live.isRejected} why={why} onToken={onToken} />;
  }
  if (live.status && !live.status.plan) return <NoPlan />;
  if (!live.view?.slots) return null;
  return <Sliders view={live.view} plan={live.status?.plan ?? undefined} ask={ask} />;
}

function Sliders({
  view,
  plan,
  ask,
}: {
  view: PlanViewBody;
  plan: Status['plan'] | undefined;
  ask: Ask;
}) {
  const { data, fault } = useAsked<WhatIfInputs>(ask, '/admin/v1/what-if', view.version);
  const { carbonAudPerT, waterAudPerKl, timeAudPerUserHour } = view.fleet.prices;
  const present: TriedPrices = { carbonAudPerT, waterAudPerKl, timeAudPerUserHour };
  const [prices, setPrices] = useState(present);
  const made = usePlans(data, prices);
  const isOfOlderPlan = made.version !== view.version;
  const isStale = made.isBusy || isOfOlderPlan;
  return (
    <section aria-labelledby="what-if-title">
      <div class="section-head">
        <h2 id="what-if-title">What if prices were different?</h2>
        <button type="button" onClick={() => setPrices(present)}>
          Back to the plan’s prices
        </button>
      </div>
      <p class="quiet">
        The optimizer runs in this browser, on what the sites disclosed for plan {view.version}.
        Nothing is applied.
      </p>
      <div class="sliders">
        {sliders.map(({ id, label, unit, max, step }) => (
          <label key={id}>
            <span>
              {label}: <strong>{fixed(prices[id], step < 1 ? 1 : 0)}</strong> {unit}
            </span>
            <span class="quiet">(the plan: {fixed(present[id], step < 1 ? 1 : 0)})</span>
            <input
              type="range"
              min={0}
              max={Math.max(max, present[id])}
              step={step}
              value={prices[id]}
              aria-label={`${label}, ${unit}`}
              onInput={(e) => setPrices({ ...prices, [id]: e.currentTarget.valueAsNumber })}
            />
          </label>
        ))}
      </div>
      {fault && <p class="alert">The plan’s inputs cannot be read: {fault}.</p>}
      {made.fault && <p class="alert">No plan can be tried: {made.fault}.</p>}
      {made.result && (
        <>
          <p role="status">
            {isOfOlderPlan && 'The plan under it has changed. '}
            {isStale
              ? 'Making another plan: until it is there, the grey column is of the one before …'
              : `Within ${within(made.result.certificate.gap)} of the optimum after ${count(made.result.rounds, 'round')}, in ${fixed(made.tookMs, 0)} ms.`}
          </p>
          <WhatIfTables
            view={view}
            tried={made.result.slots}
            prices={made.prices ?? prices}
            isStale={isStale}
          />
          {plan && plan.version === view.version && <p>{wholeText(plan)}</p>}
        </>
      )}
      <p class="source">
        Sums over the plan’s hours, marginal: what sites draw at no request is in neither column, so
        these are not the plan’s totals. At the plan’s own prices the two may differ within their
        gaps. Exact where a site’s cost grows evenly with its requests; with batteries or solar
        power at a site it is an estimate. Work that may wait and limits on what a plan may move are
        left out.
      </p>
    </section>
  );
}

/** The plan's totals, as its header and `isotherm pareto` have them. */
function wholeText({ version, certificate, impacts }: NonNullable<Status['plan']>): string {
  const amounts: [number | undefined, string][] = [
    [impacts?.energyKwh, 'kWh'],
    [impacts?.carbonKg, 'kg CO₂e'],
    [impacts?.waterL, 'L of water'],
    [impacts?.energyAud, 'AUD of energy'],
  ];
  const told = amounts.flatMap(([value, unit]) =>
    value === undefined ? [] : [`${figure(value, 4)} ${unit}`],
  );
  const takes = told.length > 0 ? `takes ${list(told)}` : 'is told by its cost alone';
  return `All in all, with what sites draw at no request, plan ${version} ${takes}; its cost, with waiting and all else it weighs, is ${fixed(certificate.objectiveAud, 2)} AUD.`;
}

interface Made {
  /** The latest plan, the prices it was made at, and the version of the plan beside it. */
  result?: WhatIf;
  version?: number;
  prices?: TriedPrices;
  tookMs?: number;
  fault?: string;
  isBusy: boolean;
}

/** Plans at the latest prices, made in a Web Worker one after another. */
function usePlans(inputs: WhatIfInputs | undefined, prices: TriedPrices): Made {
  const worker = useRef<Worker | undefined>(undefined);
  const asked = useRef(0);
  const [isReady, setReady] = useState(false);
  const [made, setMade] = useState<Made>({ isBusy: true });
  const post = (message: ToWorker) => worker.current?.postMessage(message);
  const fail = (fault: string) => setMade({ isBusy: false, fault });
  useEffect(() => {
    const own = new Worker(WHAT_IF_WORKER, { type: 'module' });
    worker.current = own;
    own.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if ('untold' in data) {
        if (data.untold.length === 0) setReady(true);
        else fail(`${data.untold.join(', ')} do not disclose their costs`);
        return;
      }
      // Older prices than the sliders show.
      if (data.asked !== asked.current) return;
      if ('fault' in data) fail(data.fault);
      else setMade({ isBusy: false, ...data });
    };
    own.onerror = () => fail('the optimizer did not load');
    return () => own.terminate();
  }, []);
  useEffect(() => {
    setReady(false);
    if (inputs) post({ inputs });
  }, [inputs]);
  const { carbonAudPerT, waterAudPerKl, timeAudPerUserHour } = prices;
  useEffect(() => {
    if (!isReady) return;
    setMade((m) => ({ ...m, isBusy: true, fault: undefined }));
    asked.current++;
    const message = {
      asked: asked.current,
      prices: { carbonAudPerT, waterAudPerKl, timeAudPerUserHour },
    };
    const timer = setTimeout(() => post(message), REST_MS);
    return () => clearTimeout(timer);
  }, [isReady, carbonAudPerT, waterAudPerKl, timeAudPerUserHour]);
  return made;
}
