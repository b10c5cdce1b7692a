import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Asking } from './asking.ts';
import { type Ask, reasonOf } from './live.ts';

/** This machine's clock, by the second. */
export function useNow(): number {
  const [nowMs, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return nowMs;
}

/** A number that changes this often while the page is looked at, and at once when asked to. */
export function useTick(everyMs: number): [number, () => void] {
  const [tick, setTick] = useState(0);
  const again = () => setTick((n) => n + 1);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setTick((n) => n + 1);
    }, everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return [tick, again];
}

/** The width there is for an element, in px; 0 before it is known. */
export function useWidth(): [RefObject<HTMLDivElement | null>, number] {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!ref.current) return;
    const observer = new ResizeObserver(([entry]) => {
      setWidth(Math.floor(entry?.contentRect.width ?? 0));
    });
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}

/** The view named in the address, as `#now`; the first of them where it names none. */
export function useView<T extends string>(views: readonly T[]): T {
  const named = () => views.find((v) => `#${v}` === location.hash) ?? (views[0] as T);
  const [view, setView] = useState(named);
  useEffect(() => {
    const follow = () => setView(named());
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return view;
}

export interface Asked<T> {
  data?: T;
  fault?: string;
}

/**
 * The JSON of a path, asked for again whenever `key` changes, once what is open has its answer; what was
 * there stays meanwhile.
 */
export function useAsked<T>(ask: Ask, path: string, key: unknown): Asked<T> {
  const [asked, setAsked] = useState<Asked<T>>({});
  const asking = useRef<Asking>(null);
  useEffect(() => {
    const own = new Asking(async (signal) => {
      try {
        const response = await ask(path, { signal });
        if (!response.ok) throw new Error(`HTTP status ${response.status}`);
        const data = (await response.json()) as T;
        if (!own.isEnded) setAsked({ data });
      } catch (error) {
        if (!own.isEnded) setAsked((a) => ({ ...a, fault: reasonOf(error as Error) }));
      }
    });
    asking.current = own;
    return () => own.end();
  }, [ask, path]);
  // Another path is asked for, or the same again.
  useEffect(() => void asking.current?.again(), [ask, path, key]);
  return asked;
}
