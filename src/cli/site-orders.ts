import { type Command, InvalidArgumentError } from 'commander';
import type { SiteChange } from '../core/model/override-input.ts';
import type { MeasuredSpeed } from '../core/model/speed.ts';
import type { SiteChangeView, SiteStateView } from '../local/admin-client.ts';
import { adminOf, type DeploymentOptions, withDeployment } from './deployment.ts';
import { table } from './table.ts';

interface OrderOptions extends DeploymentOptions {
  author?: string;
  reason?: string;
}

/** What an operator orders of sites while the system runs; kept by the deployment, with who and why. */
export function registerSiteOrders(sites: Command): void {
  withDeployment(sites.command('list'))
    .description('List the sites of a deployment: state, health, part of the plan.')
    .option('--json', 'JSON on standard output')
    .action(async (options: DeploymentOptions & { json?: true }) => {
      const list = await adminOf(options).sites();
      process.stdout.write(`${options.json ? JSON.stringify(list, null, 2) : siteTable(list)}\n`);
    });
  order(sites, 'drain', 'take a site out of use')
    .action((id: string, options: OrderOptions) => send(id, { drained: true }, options))
    .description(
      'Take a site out of use: within seconds it gets no new request, requests under way go on to their ' +
        'end, and the next plan gives it nothing.',
    );
  order(sites, 'undrain', 'take a drained site into use again')
    .action((id: string, options: OrderOptions) => send(id, { drained: false }, options))
    .description(
      'Take a drained site into use again: at once as a last resort, by its share from the next plan on.',
    );
  order(sites, 'limit', 'limit what plans load a site with')
    .argument('<share>', 'share of its capacity, 0.01 to 1; 1 takes the limit back', share)
    .action((id: string, of: number, options: OrderOptions) =>
      send(id, { capacityShare: of === 1 ? null : of }, options),
    )
    .description('Limit what plans load a site with to a share of its capacity.');
}

function order(sites: Command, name: string, summary: string): Command {
  return withDeployment(sites.command(name))
    .summary(summary)
    .argument('<site>', 'its id in the registry')
    .option('--author <text>', 'who orders it, for the record')
    .option('--reason <text>', 'why, for the record');
}

async function send(id: string, change: SiteChange, options: OrderOptions): Promise<void> {
  const { author, reason } = options;
  const made = await adminOf(options).setSite(id, { ...change, author, reason });
  process.stdout.write(`Site ${id} is ${wordOf(made)}.\n`);
  for (const warning of made.warnings) process.stderr.write(`Warning: ${warning}.\n`);
}

function wordOf({ state, override }: Pick<SiteChangeView, 'state' | 'override'>): string {
  const limit = override?.capacityShare;
  return limit === undefined ? state : `${state}, limited to ${percent(limit)} of its capacity`;
}

function siteTable(sites: readonly SiteStateView[]): string {
  const rows = sites.map((site) => [
    site.id,
    site.state,
    site.override?.capacityShare === undefined ? '–' : percent(site.override.capacityShare),
    site.isDown === null ? '?' : site.isDown ? 'down' : 'up',
    site.plan ? percent(site.plan.share) : '–',
    site.plan ? percent(site.plan.utilisation) : '–',
    ...speedCells(site.plan?.speed),
  ]);
  return table(
    [
      { header: ['site', ''], align: 'left' },
      { header: ['state', ''], align: 'left' },
      { header: ['limit', 'of capacity'] },
      { header: ['server', ''], align: 'left' },
      { header: ['share', 'of requests'] },
      { header: ['utilisation', ''] },
      { header: ['prefill', '× registry'] },
      { header: ['decoding', '× registry'] },
      { header: ['of streams', ''] },
    ],
    rows,
  );
}

/** What the plan takes a site's times to be, over the registry's: 1 where nothing was measured. */
function speedCells(speed: MeasuredSpeed | undefined): string[] {
  if (!speed) return ['–', '–', '–'];
  const { prefill, prefillSe, decode, decodeSe, streams } = speed;
  const factor = (value: number, se: number) => `${value.toFixed(2)} ± ${se.toFixed(2)}`;
  return [factor(prefill, prefillSe), factor(decode, decodeSe), String(streams)];
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function share(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0.01 && value <= 1) return value;
  throw new InvalidArgumentError('Expected a number from 0.01 to 1.');
}
