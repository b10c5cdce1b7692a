import { useEffect, useState } from 'preact/hooks';
import { clock, dateTime, duration } from './format.ts';
import { Gate } from './gate.tsx';
import { useNow, useView } from './hooks.ts';
import { HoursView } from './hours.tsx';
import { KeysView } from './keys.tsx';
import { Live, type LiveState, systemMs } from './live.ts';
import { NowView } from './now.tsx';
import { RunView } from './run.tsx';
import { SavedView } from './saved.tsx';
import { SitesView } from './sites.tsx';
import { Summary } from './summary.tsx';
import { WhatIfView } from './what-if.tsx';

const VIEWS = {
  now: 'Now',
  hours: 'Next 24 hours',
  run: 'How it got there',
  saved: 'What it saved',
  try: 'What if',
  sites: 'Sites',
  keys: 'Keys',
} as const;
const viewIds = Object.keys(VIEWS) as (keyof typeof VIEWS)[];
/** A clock this far from the viewer's is one that was set on purpose. */
const CLOCK_DIFFERENCE_MS = 120_000;

export function App() {
  const [live] = useState(() => new Live(() => redraw((n) => n + 1)));
  const [, redraw] = useState(0);
  useEffect(() => {
    live.start();
    const hasten = () => {
      if (!document.hidden) live.hasten();
    };
    document.addEventListener('visibilitychange', hasten);
    addEventListener('online', hasten);
    return () => {
      live.stop();
      document.removeEventListener('visibilitychange', hasten);
      removeEventListener('online', hasten);
    };
  }, [live]);
  const nowMs = useNow();
  const current = useView(viewIds);
  const { state } = live;
  return (
    <>
      <button type="button" class="skip" onClick={skipToContent}>
        Skip to the content
      </button>
      <header class="page-header">
        <h1>Isotherm</h1>
        <p class="quiet fleet">{state.status?.fleet}</p>
        <nav aria-label="Views">
          {viewIds.map((id) => (
            <a key={id} href={`#${id}`} aria-current={id === current ? 'page' : undefined}>
              {VIEWS[id]}
            </a>
          ))}
        </nav>
        <Connection live={state} nowMs={nowMs} />
      </header>
      <main id="content" tabIndex={-1}>
        {state.phase === 'locked' ? (
          <Gate
            isRejected={state.isRejected}
            why="This page needs the admin token"
            onToken={(token) => live.start(token)}
          />
        ) : (
          <>
            <Summary live={state} nowMs={nowMs} />
            {current === 'now' && <NowView live={state} ask={live.ask} />}
            {current === 'hours' && <HoursView live={state} />}
            {current === 'saved' && (
              <SavedView live={state} ask={live.ask} onToken={(token) => live.start(token)} />
            )}
            {current === 'try' && (
              <WhatIfView live={state} ask={live.ask} onToken={(token) => live.start(token)} />
            )}
            {current === 'sites' && (
              <SitesView live={state} ask={live.ask} onToken={(token) => live.start(token)} />
            )}
            {current === 'keys' && (
              <KeysView live={state} ask={live.ask} onToken={(token) => live.start(token)} />
            )}
            {current === 'run' && <RunView live={state} ask={live.ask} />}
          </>
        )}
      </main>
      <footer class="page-footer">
        <AsOf live={state} nowMs={nowMs} />
        {state.hasToken && (
          <button type="button" class="plain" onClick={() => live.start('')}>
            Forget the admin token
          </button>
        )}
      </footer>
    </>
  );
}

/** No link: the address names the view. */
function skipToContent() {
  document.getElementById('content')?.focus();
}

function Connection({ live, nowMs }: { live: LiveState; nowMs: number }) {
  if (live.phase === 'locked') return null;
  const { isConnected, heardMs } = live;
  const text = isConnected
    ? 'Live'
    : heardMs === undefined
      ? 'Connecting …'
      : `Not connected for ${duration(nowMs - heardMs)}`;
  return (
    <p class="connection" data-on={isConnected}>
      {text}
    </p>
  );
}

function AsOf({ live, nowMs }: { live: LiveState; nowMs: number }) {
  if (live.heardMs === undefined) return <p />;
  const utcMs = systemMs(live, nowMs);
  const differs = Math.abs(live.clockAheadMs) > CLOCK_DIFFERENCE_MS;
  return (
    <p>
      The system’s time is {dateTime(utcMs, 'UTC')} ({clock(utcMs)} where you are).
      {differs && ' Its clock differs from yours; ages are by the system’s.'}
    </p>
  );
}
