import { useState } from 'preact/hooks';
import { Against } from './against.tsx';
import { MARGIN, MARKS } from './axis.tsx';
import { Choice } from './choice.tsx';
import { count, figure, fixed, percent } from './format.ts';
import { Gate, type GatedView } from './gate.tsx';
import { Head } from './head.tsx';
import { useAsked, useTick, useWidth } from './hooks.ts';
import { type Ask, type LiveState, reasonOf, systemMs } from './live.ts';
import {
  type AmountId,
  amounts,
  type BaselineId,
  baselines,
  daysWith,
  inUnit,
  isEnough,
  type Period,
  periodsOf,
  TOO_LITTLE,
  ttftBeside,
  type UsageDay,
  unitFor,
} from './savings.ts';
import { extent, linear, roundedOut, ticks } from './scale.ts';
import { Scroll } from './scroll.tsx';

const HEIGHT = 260;
/** As long as receipts are kept. */
const DAYS = 400;
const DAY_MS = 86_400_000;
/** Receipts are looked at again this often. */
const REFRESH_MS = 15_000;
const ids = Object.keys(amounts) as AmountId[];
const baselineIds = Object.keys(baselines) as BaselineId[];

/** What it saved, by receipts: as exact as these are, and against what they name. */
export function SavedView({ live, ask, onToken }: GatedView) {
  if (!live.hasToken) {
    return (
      <Gate isRejected={live.isRejected} why="Receipts need the admin token" onToken={onToken} />
    );
  }
  return <Saved live={live} ask={ask} />;
}

function Saved({ live, ask }: { live: LiveState; ask: Ask }) {
  const [amount, setAmount] = useState<AmountId>('carbon');
  const [by, setBy] = useState<'day' | 'month'>('day');
  const [against, setAgainst] = useState<BaselineId>('nearest');
  const [from] = useState(() => {
    const utcMs = systemMs(live, Date.now());
    return new Date(Math.floor(utcMs / DAY_MS - DAYS) * DAY_MS).toISOString().slice(0, 10);
  });
  const path = `/admin/v1/usage?by=day&from=${from}`;
  const [tick] = useTick(REFRESH_MS);
  const { data, fault } = useAsked<{ usage: UsageDay[] }>(ask, path, tick);
  const [lost, setLost] = useState<string>();
  const save = () =>
    download(ask, `${path}&format=csv`).then(
      () => setLost(undefined),
      (error) => setLost(reasonOf(error)),
    );
  const all = data?.usage ?? [];
  const days = daysWith(against, all);
  const booked = periodsOf(days, by, amount, against);
  // One unit for figures, chart and table.
  const { unit, factor } = daysUnit(days, amount, against);
  const periods = inUnit(booked, factor);
  const { label } = amounts[amount];
  const sum = (of: (d: UsageDay) => number) => days.reduce((total, d) => total + of(d), 0);
  const requests = sum((d) => d.requests);
  return (
    <section aria-labelledby="saved-title">
      <div class="section-head">
        <h2 id="saved-title">Saved against {baselines[against].title}</h2>
        <button type="button" onClick={() => void save()}>
          Download CSV
        </button>
      </div>
      {fault && <p class="alert">Receipts cannot be read: {fault}.</p>}
      {lost && (
        <p class="alert" role="alert">
          The file cannot be had: {lost}.
        </p>
      )}
      <dl class="tiles">
        {ids.map((id) => {
          const months = periodsOf(days, 'month', id, against);
          const of = daysUnit(days, id, against);
          const saved = of.factor * (months.at(-1)?.cumulative ?? 0);
          const baseline = of.factor * months.reduce((sum, p) => sum + p.baseline, 0);
          const isTold = isEnough(requests, baseline / of.factor);
          return (
            <div key={id}>
              <dt>{amounts[id].label}</dt>
              <dd>
                <span class="value">{isTold ? figure(saved) : '—'}</span>{' '}
                <span class="unit">{of.unit}</span>
              </dd>
              <dd class="against">
                {!isTold && requests > 0 ? (
                  TOO_LITTLE
                ) : baseline > 0 ? (
                  <>
                    <strong>{fixed((100 * Math.abs(saved)) / baseline, 1)} %</strong>{' '}
                    {saved < 0 ? 'more than' : 'of'} {figure(baseline)}
                  </>
                ) : (
                  'nothing booked'
                )}
              </dd>
            </div>
          );
        })}
        {against === 'nearest' && <TimeToFirstToken days={days} />}
      </dl>
      <div class="section-head controls">
        <Choice
          legend="Against"
          name="against"
          ids={baselineIds}
          labelOf={(id) => baselines[id].label}
          chosen={against}
          onChoose={setAgainst}
        />
        <Choice
          legend="Show"
          name="amount"
          ids={ids}
          labelOf={(id) => amounts[id].label}
          chosen={amount}
          onChoose={setAmount}
        />
        <Choice
          legend="By"
          name="by"
          ids={['day', 'month'] as const}
          labelOf={(id) => id}
          chosen={by}
          onChoose={setBy}
        />
      </div>
      {data && periods.length === 0 && (
        <p>
          {all.length === 0
            ? `No request has been answered since ${from}.`
            : 'No day has this baseline for all of its requests: it was not recorded then.'}
        </p>
      )}
      {days.length > 0 && days.length < all.length && (
        <p>
          Without {count(all.length - days.length, 'day')} of which this baseline was not recorded
          for all requests.
        </p>
      )}
      {periods.length > 0 && (
        <>
          <Chart periods={periods} label={label} unit={unit} by={by} />
          <Table periods={periods} unit={unit} by={by} />
        </>
      )}
      <p class="source">
        From {figure(requests, 9)} receipts since {days[0]?.day ?? from}, days and months of UTC;{' '}
        {figure(
          sum((d) => d.estimated),
          9,
        )}{' '}
        with estimated tokens,{' '}
        {figure(
          sum((d) => d.unpriced),
          9,
        )}{' '}
        without a known cost, which are not in it. The baseline is {baselines[against].about}.
        Marginal: what sites draw at no request is in neither. The plan decides for fewer costs all
        in all, so any one of these may be negative.
      </p>
    </section>
  );
}

function TimeToFirstToken({ days }: { days: readonly UsageDay[] }) {
  const beside = ttftBeside(days);
  const timed = days.reduce((sum, d) => sum + d.ttftRequests, 0);
  const meanMs = timed > 0 ? days.reduce((sum, d) => sum + d.ttftMs, 0) / timed : null;
  return (
    <div>
      <dt>Time to first token, mean</dt>
      <dd>
        <span class="value">{figure(beside?.ttftMs ?? meanMs)}</span> <span class="unit">ms</span>
      </dd>
      <dd class="against">
        {beside ? (
          <>
            <Against value={beside.ttftMs} baseline={beside.nearestMs} />
            {beside.requests < timed &&
              ', of days on which all receipts know the time at the nearest site'}
          </>
        ) : timed > 0 ? (
          'no day on which all receipts know the time at the nearest site'
        ) : (
          'nothing booked'
        )}
      </dd>
    </div>
  );
}

function daysUnit(days: readonly UsageDay[], amount: AmountId, against: BaselineId) {
  const greatest = Math.max(0, ...periodsOf(days, 'day', amount, against).map((p) => p.baseline));
  return unitFor(amount, greatest);
}

async function download(ask: Ask, path: string): Promise<void> {
  const response = await ask(path);
  if (!response.ok) throw new Error(`HTTP status ${response.status}`);
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = 'isotherm-savings.csv';
  link.click();
  URL.revokeObjectURL(url);
}

function Chart({
  periods,
  label,
  unit,
  by,
}: {
  periods: Period[];
  label: string;
  unit: string;
  by: string;
}) {
  const [ref, width] = useWidth();
  const values = extent([0, ...periods.flatMap((p) => [p.saved, p.cumulative])]);
  const domain = roundedOut(values, MARKS);
  const y = linear(domain, [HEIGHT - MARGIN.bottom, MARGIN.top]);
  const inner = width - MARGIN.left - MARGIN.right;
  const x = (n: number) => MARGIN.left + ((n + 0.5) / periods.length) * inner;
  const bar = Math.min(48, (0.7 * inner) / periods.length);
  const perLabel = Math.max(1, Math.ceil((80 * periods.length) / Math.max(1, inner)));
  return (
    <div ref={ref} class="chart">
      <h3>
        {label} saved, {unit}: bars by {by}, line cumulative
      </h3>
      {width > 0 && (
        <svg
          width={width}
          height={HEIGHT}
          role="img"
          aria-label={`${label} saved by ${by} in ${unit}; ${fixed(periods.at(-1)?.cumulative, 3)} in all. The table has the figures.`}
        >
          <g class="axes">
            {ticks(domain, MARKS).map((value) => (
              <g key={value}>
                <line x1={MARGIN.left} x2={width - MARGIN.right} y1={y(value)} y2={y(value)} />
                <text x={MARGIN.left - 6} y={y(value) + 4} text-anchor="end">
                  {figure(value)}
                </text>
              </g>
            ))}
            {periods.map(
              (p, n) =>
                n % perLabel === 0 && (
                  <text key={p.name} x={x(n)} y={HEIGHT - 8} text-anchor="middle">
                    {p.name}
                  </text>
                ),
            )}
          </g>
          {periods.map((p, n) => (
            <rect
              key={p.name}
              class={p.saved < 0 ? 'saved lost' : 'saved'}
              x={x(n) - bar / 2}
              width={bar}
              y={Math.min(y(0), y(p.saved))}
              height={Math.abs(y(p.saved) - y(0))}
            >
              <title>{`${p.name}: ${figure(p.saved)} ${unit}`}</title>
            </rect>
          ))}
          <path
            class="line baseline"
            d={`M${periods.map((p, n) => `${x(n)} ${y(p.cumulative)}`).join('L')}`}
          />
          {periods.map((p, n) => (
            <circle key={p.name} class="dot hollow" cx={x(n)} cy={y(p.cumulative)} r={3.5} />
          ))}
        </svg>
      )}
    </div>
  );
}

function Table({ periods, unit, by }: { periods: Period[]; unit: string; by: string }) {
  return (
    <Scroll labelledBy="saved-title">
      <table>
        <Head
          first={[`${by === 'day' ? 'Day' : 'Month'} (UTC)`]}
          numbers={[
            'Requests',
            `Baseline, ${unit}`,
            `Used, ${unit}`,
            `Saved, ${unit}`,
            'Saved',
            `Cumulative, ${unit}`,
          ]}
        />
        <tbody>
          {periods.toReversed().map((p) => (
            <tr key={p.name}>
              <th scope="row">{p.name}</th>
              <td class="number">{figure(p.requests, 9)}</td>
              <td class="number">{figure(p.baseline)}</td>
              <td class="number">{figure(p.used)}</td>
              <td class="number">{figure(p.saved)}</td>
              <td class="number">
                {p.baseline > 0 ? percent(Math.abs(p.saved) / p.baseline) : '—'}
                {p.saved < 0 && ' more'}
              </td>
              <td class="number">{figure(p.cumulative)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
