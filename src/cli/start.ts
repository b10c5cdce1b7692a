import { type Command, Option } from 'commander';
import { numberFrom, wholeNumber } from './options.ts';
import { start } from './start-run.ts';

export interface StartOptions {
  fleet?: string;
  port: number;
  host: string;
  data?: string;
  at?: string;
  persist?: string;
  traffic: number;
  speed: number;
  open?: true;
}

export function registerStart(program: Command): void {
  program
    .command('start')
    .summary('the whole system on this machine, with simulated sites')
    .description(
      'Run everything locally: the routing Worker, the coordinator and the solver Workers in ' +
        'workerd, D1, a simulated OpenAI-compatible server for each site, and requests as people send ' +
        'them. Plans, prints the shares, the page’s address and how to send a request, and runs until Ctrl-C.',
    )
    .addOption(
      new Option('--port <n>', 'port of the router')
        .argParser(wholeNumber(0, 65_535))
        .default(8787),
    )
    .addOption(new Option('--fleet <file>', 'site registry (default: config/fleet.json)'))
    .addOption(new Option('--host <address>', 'address the router listens on').default('127.0.0.1'))
    .addOption(
      new Option(
        '--data <dir>',
        'folder of real hourly series; needs --at; sites without weather there stay, on mean climate',
      ),
    )
    .addOption(
      new Option(
        '--at <time>',
        'the system’s clock starts here, in UTC or with an offset (default: now)',
      ),
    )
    .addOption(
      new Option('--persist <dir>', 'keep D1 and the coordinator here (default: in memory)'),
    )
    .addOption(
      new Option('--traffic <n>', 'made-up requests a second, mean over a day; 0 for none')
        .argParser(numberFrom(0, 50))
        .default(2),
    )
    .addOption(
      new Option('--speed <n>', 'how fast the clock of weather, prices and plans runs, 1 to 60')
        .argParser(numberFrom(1, 60))
        .default(1),
    )
    .addOption(new Option('--open', 'open the page in a browser'))
    .addHelpText(
      'after',
      `
At --speed 60 a day takes 24 minutes: plans are made anew every 15 of its minutes. Requests and servers
keep their own pace. With --data real series last for the first 24 hours of the clock.

Examples:
  isotherm start
  isotherm start --open --speed 60
  isotherm start --port 9000 --at 2026-07-01T00:00Z
  isotherm start --fleet my-sites.json
  isotherm start --data ../shared/data --at 2022-01-24`,
    )
    .action(start);
}
