import { type Command, Option } from 'commander';
import { isLoopback } from '../core/loopback.ts';
import { InvalidInputError } from '../core/model/errors.ts';
import { AdminClient } from '../local/admin-client.ts';

/** Where a deployment is, and its admin token: from the environment, since others can read arguments. */
export interface DeploymentOptions {
  url?: string;
}

export function withDeployment(command: Command): Command {
  return command
    .addOption(new Option('--url <url>', 'root of the deployment').env('ISOTHERM_URL'))
    .addHelpText(
      'after',
      '\nThe admin token is read from the environment variable ISOTHERM_ADMIN_TOKEN.',
    );
}

export function adminOf(options: DeploymentOptions): AdminClient {
  const { url, adminToken } = addressOf(options);
  return new AdminClient(url, adminToken);
}

/** Root of the deployment without a slash at its end, and the admin token. */
export function addressOf({ url }: DeploymentOptions): { url: string; adminToken: string } {
  if (url === undefined) {
    throw new InvalidInputError('--url', ['is missing; expected the root of a deployment']);
  }
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'https:' && parsed?.protocol !== 'http:') {
    throw new InvalidInputError('--url', [`"${url}" is not an http or https URL`]);
  }
  if (parsed.protocol === 'http:' && !isLoopback(parsed.hostname)) {
    throw new InvalidInputError('--url', ['must be https: the admin token would be readable']);
  }
  const token = process.env.ISOTHERM_ADMIN_TOKEN;
  if (!token) {
    throw new InvalidInputError('ISOTHERM_ADMIN_TOKEN', ['is not set; expected the admin token']);
  }
  return { url: url.replace(/\/+$/, ''), adminToken: token };
}
