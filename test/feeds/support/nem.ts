import { zipped } from './zip.ts';

const HOUR = 3_600_000;

/**
 * Reports of nemweb.com.au as they are, with fewer tables: columns of PREDISPATCH,REGION_PRICES 2 and
 * DISPATCH,PRICE 4 by the MMS Data Model (PREDISPATCHPRICE, DISPATCHPRICE), quoted times, CRLF.
 */

/** An instant as AEMO writes it. */
export function nemTime(utcMs: number): string {
  return new Date(utcMs + 10 * HOUR)
    .toISOString()
    .slice(0, 19)
    .replaceAll('-', '/')
    .replace('T', ' ');
}

export interface NemPrice {
  region: string;
  endUtcMs: number;
  rrp: number | string;
  intervention?: 0 | 1;
}

const lines = (rows: string[]) => `${rows.join('\r\n')}\r\n`;

export function preDispatch(prices: NemPrice[], changedUtcMs: number): string {
  return lines([
    'C,NEMP.WORLD,PREDISPATCHIS,AEMO,PUBLIC,2026/01/15,10:03:36,0000000412345678,PREDISPATCH,0000000412345677',
    'I,PREDISPATCH,CASE_SOLUTION,3,PREDISPATCHSEQNO,RUNNO,SOLUTIONSTATUS,SPDVERSION,LASTCHANGED',
    'D,PREDISPATCH,CASE_SOLUTION,3,2026011512,1,0,x,"2026/01/15 10:03:36"',
    'I,PREDISPATCH,REGION_PRICES,2,PREDISPATCHSEQNO,RUNNO,REGIONID,PERIODID,INTERVENTION,RRP,EEP,RRP1,LASTCHANGED,DATETIME,RAISE6SECRRP',
    ...prices.map(
      ({ region, endUtcMs, rrp, intervention = 0 }, n) =>
        `D,PREDISPATCH,REGION_PRICES,2,2026011512,1,${region},${n + 1},${intervention},${rrp},0,,` +
        `"${nemTime(changedUtcMs)}","${nemTime(endUtcMs)}",0.38`,
    ),
    'I,PREDISPATCH,INTERCONNECTOR_SOLN,3,PREDISPATCHSEQNO,RUNNO,INTERCONNECTORID,MWFLOW',
    'D,PREDISPATCH,INTERCONNECTOR_SOLN,3,2026011512,1,NSW1-QLD1,-350.1',
    `C,"END OF REPORT",${prices.length + 8}`,
  ]);
}

export function dispatch(prices: NemPrice[]): string {
  return lines([
    'C,NEMP.WORLD,DISPATCHIS,AEMO,PUBLIC,2026/01/15,10:20:05,0000000412345999,DISPATCHIS,0000000412345998',
    'I,DISPATCH,PRICE,4,SETTLEMENTDATE,RUNNO,REGIONID,DISPATCHINTERVAL,INTERVENTION,RRP,EEP,ROP,APCFLAG,MARKETSUSPENDEDFLAG,LASTCHANGED,RAISE6SECRRP',
    ...prices.map(
      ({ region, endUtcMs, rrp, intervention = 0 }) =>
        `D,DISPATCH,PRICE,4,"${nemTime(endUtcMs)}",1,${region},20260115078,${intervention},${rrp},0,${rrp},0,0,"${nemTime(endUtcMs - 5 * 60_000)}",.38`,
    ),
    `C,"END OF REPORT",${prices.length + 3}`,
  ]);
}

/** A folder as IIS lists it. */
export const listing = (folder: string, names: string[]) =>
  `<html><head><title>nemweb.com.au - /Reports/Current/${folder}/</title></head><body><pre>` +
  `<A HREF="/Reports/Current/">[To Parent Directory]</A><br><br>${names
    .map(
      (n) =>
        `Thursday, 15 January 2026 10:03 AM 312345 <A HREF="/Reports/Current/${folder}/${n}">${n}</A><br>`,
    )
    .join('')}</pre></body></html>`;

export const zippedReport = (name: string, content: string) =>
  zipped(name.replace('.zip', '.CSV'), content);
