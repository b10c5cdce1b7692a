import { type Command, InvalidArgumentError } from 'commander';
import type { KeyInput, KeyView } from '../core/accounting/keys.ts';
import { adminOf, type DeploymentOptions, withDeployment } from './deployment.ts';
import { wholeNumber } from './options.ts';
import { table } from './table.ts';

interface CreateOptions extends DeploymentOptions {
  name: string;
  model?: string[];
  class?: string[];
  requests?: number;
  tokens?: number;
  budgetAud?: number;
  budgetKg?: number;
  expires?: string;
  json?: true;
}

export function registerKeys(program: Command): void {
  const keys = program
    .command('keys')
    .description('clients’ keys of a deployment')
    .addHelpText(
      'after',
      `
Examples:
  isotherm keys create --url https://llm.example --name "search team" --model isotherm-chat --requests 600
  isotherm keys list --url https://llm.example
  isotherm keys revoke --url https://llm.example 0123456789abcdef01`,
    );
  registerCreate(keys);
  registerList(keys);
  registerRevoke(keys);
}

function registerCreate(keys: Command): void {
  withDeployment(keys.command('create'))
    .summary('make a key; it is shown once')
    .description('Make a key. It is shown once: the deployment keeps its hash only.')
    .requiredOption('--name <text>', 'whose it is')
    .option('--model <name...>', 'models it may ask for (default: all)')
    .option('--class <id...>', 'request classes it may ask for (default: all)')
    .option('--requests <n>', 'requests a minute', wholeNumber(1, 1_000_000))
    .option('--tokens <n>', 'tokens a minute', wholeNumber(1, 1_000_000_000))
    .option('--budget-aud <aud>', 'AUD a calendar month', amount)
    .option('--budget-kg <kg>', 'kg CO2e a calendar month', amount)
    .option('--expires <time>', 'from when on it is refused, in UTC or with an offset')
    .option('--json', 'JSON on standard output')
    .action(async (options: CreateOptions) => {
      const made = await adminOf(options).createKey(inputOf(options));
      process.stdout.write(options.json ? `${JSON.stringify(made, null, 2)}\n` : `${made.key}\n`);
      if (!options.json) process.stderr.write(`Key ${made.id}. It is not shown again.\n`);
      for (const warning of made.warnings ?? []) process.stderr.write(`Warning: ${warning}.\n`);
    });
}

function inputOf(o: CreateOptions): KeyInput {
  return {
    name: o.name,
    models: o.model,
    classes: o.class,
    requestsPerMinute: o.requests,
    tokensPerMinute: o.tokens,
    budgetAudPerMonth: o.budgetAud,
    budgetKgCo2ePerMonth: o.budgetKg,
    expires: o.expires,
  };
}

function registerList(keys: Command): void {
  withDeployment(keys.command('list'))
    .description('List keys, without the keys themselves.')
    .option('--json', 'JSON on standard output')
    .action(async (options: DeploymentOptions & { json?: true }) => {
      const list = await adminOf(options).keys();
      const text = options.json ? JSON.stringify(list, null, 2) : keyTable(list);
      process.stdout.write(`${text}\n`);
    });
}

function registerRevoke(keys: Command): void {
  withDeployment(keys.command('revoke'))
    .description('Revoke a key: within seconds it opens nothing.')
    .argument('<id>', 'its id, as listed')
    .action(async (id: string, options: DeploymentOptions) => {
      await adminOf(options).revokeKey(id);
      process.stdout.write(`Key ${id} is revoked.\n`);
    });
}

function keyTable(keys: readonly KeyView[]): string {
  const rows = keys.map((key) => [
    key.id,
    key.name,
    (key.models ?? ['any']).join(' '),
    (key.classes ?? ['any']).join(' '),
    `${key.requestsPerMinute ?? '–'}`,
    `${key.tokensPerMinute ?? '–'}`,
    `${key.budgetAudPerMonth ?? '–'}`,
    `${key.budgetKgCo2ePerMonth ?? '–'}`,
    key.revoked ? 'revoked' : (key.expires ?? 'good'),
  ]);
  return table(
    [
      { header: ['id', ''], align: 'left' },
      { header: ['name', ''], align: 'left' },
      { header: ['models', ''], align: 'left' },
      { header: ['classes', ''], align: 'left' },
      { header: ['requests', '/min'] },
      { header: ['tokens', '/min'] },
      { header: ['budget', 'AUD/month'] },
      { header: ['budget', 'kg/month'] },
      { header: ['good until', ''], align: 'left' },
    ],
    rows,
  );
}

function amount(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && value <= 1_000_000) return value;
  throw new InvalidArgumentError('Expected a number above 0, at most 1000000.');
}
