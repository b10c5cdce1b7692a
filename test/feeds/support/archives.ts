import { nemTime } from './nem.ts';
import type { Answer } from './upstream.ts';
import { HOUR, json } from './upstream.ts';

/** Archives of the past, as Open-Meteo, AEMO and Open Electricity answer, with made-up series. */

const unitsOf = {
  time: 'unixtime',
  temperature_2m: '°C',
  relative_humidity_2m: '%',
  dew_point_2m: '°C',
  surface_pressure: 'hPa',
};

/** Open-Meteo's answer for the places of a request. */
function weather(url: URL, times: number[], unknownFromMs: number): Answer {
  const numbers = (name: string) => (url.searchParams.get(name) as string).split(',').map(Number);
  const [lats, lons] = [numbers('latitude'), numbers('longitude')];
  const series = (value: (t: number) => number) =>
    times.map((ms, t) => (ms < unknownFromMs ? value(t) : null));
  return json(
    lats.map((latitude, n) => ({
      latitude,
      longitude: lons[n],
      hourly_units: unitsOf,
      hourly: {
        time: times.map((ms) => ms / 1000),
        temperature_2m: series((t) => 20 + (t % 24) / 10),
        relative_humidity_2m: series(() => 61),
        dew_point_2m: series(() => 12.5),
        surface_pressure: series(() => 1012.3),
      },
    })),
  );
}

/** @param unknownFromMs weather from this instant on is not there yet */
export const archivedWeather =
  (unknownFromMs = () => Number.POSITIVE_INFINITY): Answer =>
  (request, response) => {
    const url = new URL(request.url ?? '', 'http://x');
    const day = (name: string) => Date.parse(`${url.searchParams.get(name)}T00:00Z`);
    const hours = (day('end_date') + 24 * HOUR - day('start_date')) / HOUR;
    const times = Array.from({ length: hours }, (_, t) => day('start_date') + t * HOUR);
    weather(url, times, unknownFromMs())(request, response);
  };

/** The six days that begin with this hour. */
export const forecastWeather: Answer = (request, response) => {
  const from = Math.floor(Date.now() / HOUR) * HOUR;
  const times = Array.from({ length: 144 }, (_, t) => from + t * HOUR);
  const url = new URL(request.url ?? '', 'http://x');
  weather(url, times, Number.POSITIVE_INFINITY)(request, response);
};

/** A month of AEMO's: the price is the number of the hour of the day of UTC, −1000 at 23. */
export const priceAndDemand: Answer = (request, response) => {
  const [, year, month, region] = /DEMAND_(\d{4})(\d\d)_(\w+)\.csv$/.exec(request.url!)!;
  const start = Date.parse(`${year}-${month}-01T00:00+10:00`);
  const end = Date.UTC(Number(year), Number(month)) - 10 * HOUR;
  const rows = ['REGION,SETTLEMENTDATE,TOTALDEMAND,RRP,PERIODTYPE'];
  for (let at = start; at < end; at += HOUR / 12) {
    const hour = new Date(at).getUTCHours();
    rows.push(`${region},${nemTime(at + HOUR / 12)},7000.5,${hour === 23 ? -1000 : hour},TRADE`);
  }
  response.writeHead(200, { 'content-type': 'text/csv' }).end(`${rows.join('\r\n')}\r\n`);
};

/** Energy and emissions of 0.625 kg/kWh in every hour, of NSW or Western Australia. */
export const networkEmissions: Answer = (request, response) => {
  const url = new URL(request.url ?? '', 'http://x');
  const network = url.pathname.split('/').at(-1) as string;
  const offset = network === 'WEM' ? '+08:00' : '+10:00';
  const at = (name: string) => Date.parse(`${url.searchParams.get(name)}${offset}`);
  const points = (value: number) =>
    Array.from({ length: (at('date_end') - at('date_start')) / HOUR + 1 }, (_, t) => [
      new Date(at('date_start') + t * HOUR).toISOString(),
      value,
    ]);
  const block = (metric: string, unit: string, value: number) => ({
    network_code: network,
    metric,
    unit,
    interval: '1h',
    results: [{ columns: { region: network === 'WEM' ? 'WEM' : 'NSW1' }, data: points(value) }],
  });
  json({ success: true, data: [block('energy', 'MWh', 8000), block('emissions', 't', 5000)] })(
    request,
    response,
  );
};
