import type { ComponentChildren } from 'preact';
import type { SlotView } from '../core/planning/view.ts';
import { Against } from './against.tsx';
import { demandRemark } from './demand.ts';
import { clock, count, duration, figure, fixed, isSame, percent } from './format.ts';
import { useAsked, useTick } from './hooks.ts';
import type { Ask } from './live.ts';
import { type Traffic, trafficOf } from './measured.ts';
import {
  type AmountId,
  amounts,
  isEnough,
  TOO_LITTLE,
  ttftBeside,
  type UsageNow,
  unitFor,
} from './savings.ts';
import type { Measured } from './types.ts';

/** Looked at again this often; receipts are booked, and sites told of, within a few seconds. */
const REFRESH_MS = 5000;
const ids = ['energy', 'carbon', 'water', 'cost'] as const satisfies AmountId[];

/** What really happens, beside the plan and the nearest sites. */
export function MeasuredNow({
  ask,
  slot,
  isSimulated,
}: {
  ask: Ask;
  slot: SlotView | undefined;
  /** Its requests are made up, or its clock runs fast: they are not the plan's. */
  isSimulated: boolean;
}) {
  const [tick] = useTick(REFRESH_MS);
  const { data, fault } = useAsked<Measured>(ask, '/now.json', tick);
  const traffic = data?.traffic ? trafficOf(data.traffic, slot) : undefined;
  const remark =
    data && traffic && slot && !isSimulated
      ? demandRemark(data, traffic.attemptsPerS, slot)
      : undefined;
  return (
    <section class="measured" aria-labelledby="measured-title">
      <h2 id="measured-title">What happens now, against each request at its nearest site</h2>
      {fault && (
        <p class="alert">
          It cannot be read: {fault}.{data && ' These figures are from before.'}
        </p>
      )}
      {remark && <p>{remark}</p>}
      {data && (
        <>
          <dl class="tiles">
            <Requests traffic={traffic} plannedPerS={slot?.plan.reqPerS} />
            <TimeToFirstToken traffic={traffic} hour={data.receipts?.hour} />
            {ids.map((id) => (
              <Amount key={id} id={id} receipts={data.receipts} />
            ))}
          </dl>
          <Provenance
            receipts={data.receipts}
            nowUtcMs={data.nowUtcMs}
            streams={traffic?.streams ?? 0}
          />
        </>
      )}
    </section>
  );
}

function Tile({
  label,
  window,
  value,
  unit,
  children,
}: {
  label: string;
  window: string;
  value: string;
  unit: string;
  children: ComponentChildren;
}) {
  return (
    <div>
      <dt>
        {label}, <span class="window">{window}</span>
      </dt>
      <dd>
        <span class="value">{value}</span> <span class="unit">{unit}</span>
      </dd>
      {children}
    </div>
  );
}

function Requests({
  traffic,
  plannedPerS,
}: {
  traffic: Traffic | undefined;
  plannedPerS: number | undefined;
}) {
  const failed = traffic?.failedShare;
  return (
    <Tile
      label="Requests"
      window="last minute"
      value={figure(failed == null ? null : traffic?.attemptsPerS)}
      unit="/s"
    >
      <dd class="against">
        {traffic === undefined ? (
          'what watches the sites does not answer'
        ) : failed === null || failed === undefined ? (
          'none reported'
        ) : (
          <>
            <strong class={failed > 0 ? 'alert' : undefined}>{percent(failed)} failed</strong>
            {' at a site'}
          </>
        )}
      </dd>
      {plannedPerS !== undefined && <dd class="against">planned {figure(plannedPerS)}</dd>}
    </Tile>
  );
}

function TimeToFirstToken({
  traffic,
  hour,
}: {
  traffic: Traffic | undefined;
  hour: NonNullable<Measured['receipts']>['hour'] | undefined;
}) {
  const beside = hour && ttftBeside([hour]);
  const meanMs = hour && hour.ttftRequests > 0 ? hour.ttftMs / hour.ttftRequests : null;
  return (
    <Tile label="Time to first token" window="this hour" value={figure(meanMs)} unit="ms">
      <dd class="against">
        {beside ? (
          <Against value={beside.ttftMs} baseline={beside.nearestMs} unit="ms" />
        ) : hour === undefined ? (
          'the receipts cannot be read'
        ) : hour.ttftRequests > 0 ? (
          `at the nearest site known for ${figure(hour.nearestTtftRequests, 9)} of ${figure(hour.ttftRequests, 9)} only`
        ) : (
          'no receipt yet'
        )}
      </dd>
      <dd class="against">{plannedText(traffic)}</dd>
    </Tile>
  );
}

/** Streams of the last quarter of an hour, beside what the plan has for them. */
function plannedText(traffic: Traffic | undefined): ComponentChildren {
  const { planned, ttftMs = null } = traffic ?? {};
  if (ttftMs === null) return 'no stream of the last 15 min';
  if (!planned) return 'no plan covered the streams of the last 15 min';
  return `${figure(planned.ttftMs)} ms in the last 15 min, ${figure(planned.plannedMs)} ms planned`;
}

function Amount({ id, receipts }: { id: AmountId; receipts: Measured['receipts'] }) {
  const { label, used, nearest } = amounts[id];
  if (receipts === null) {
    return (
      <Tile label={label} window="this hour" value="—" unit="">
        <dd class="against">the receipts cannot be read</dd>
      </Tile>
    );
  }
  const { hour, day } = receipts;
  const priced = (u: UsageNow) => u.requests - (id === 'cost' ? u.unpriced : 0);
  const { unit, factor } = unitFor(id, Math.abs(hour[nearest]));
  const isTold = isEnough(priced(hour), hour[nearest]);
  const saved = day[nearest] - day[used];
  return (
    <Tile
      label={label}
      window="this hour"
      value={isTold ? figure(factor * hour[used]) : '—'}
      unit={unit}
    >
      <dd class="against">
        {isTold ? (
          <Against value={factor * hour[used]} baseline={factor * hour[nearest]} unit={unit} />
        ) : priced(hour) > 0 ? (
          TOO_LITTLE
        ) : hour.requests > 0 ? (
          'no site’s cost is known'
        ) : (
          'no receipt yet'
        )}
      </dd>
      {isTold && (
        <dd class="against">
          {isSame(day[used], day[nearest]) ? (
            'today the same'
          ) : (
            <>
              {saved < 0 ? 'today more by ' : 'saved today '}
              <strong>
                {figure(factor * Math.abs(saved))} {unit}
              </strong>
            </>
          )}
        </dd>
      )}
    </Tile>
  );
}

function Provenance({
  receipts,
  nowUtcMs,
  streams,
}: {
  receipts: Measured['receipts'];
  nowUtcMs: number;
  streams: number;
}) {
  return (
    <p class="source">
      Requests: attempts at sites that ended, and for the plan’s time to first token{' '}
      {count(Math.round(streams), 'stream')}, as routers report them behind later requests, older
      ones fading. The rest:{' '}
      {receipts ? booking(receipts, nowUtcMs) : 'the receipts cannot be read now.'}
    </p>
  );
}

function booking(receipts: NonNullable<Measured['receipts']>, nowUtcMs: number): string {
  const { bookedUtcMs, hour, day } = receipts;
  const booked =
    bookedUtcMs === null
      ? 'none booked in the last two days'
      : `the last booked ${age(nowUtcMs - bookedUtcMs)} ago`;
  const estimated =
    hour.estimated > 0 ? `, ${figure(hour.estimated, 9)} with estimated tokens` : '';
  const unpriced =
    hour.unpriced > 0
      ? `, ${figure(hour.unpriced, 9)} without a known cost, which the cost lacks`
      : '';
  return (
    `${figure(hour.requests, 9)} receipts since ${clock(hour.fromUtcMs, 'UTC')} UTC, ${booked}` +
    `${estimated}${unpriced}; the tokens that were served at the factors of their sites, marginal, ` +
    'beside the same tokens at each request’s nearest site; of its time to first token the receipt has what the model makes of the measured one. No meter is read. Today is the day of ' +
    `UTC, ${figure(day.requests, 9)} receipts.`
  );
}

function age(ms: number): string {
  return ms < 60_000 ? `${fixed(Math.max(0, ms) / 1000, 0)} s` : duration(ms);
}
