import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { projectPath } from '../../src/local/bundle.ts';
import { readFleetFile } from '../../src/local/fleet-file.ts';
import { startLocalStack } from '../../src/local/stack.ts';

const fleet = await readFleetFile(projectPath('config/fleet.json'));
const host = '127.0.0.1';

test('all Workers boot together and the router answers', { timeout: 30_000 }, async () => {
  const stack = await startLocalStack({ port: 0, host, fleet });
  try {
    const response = await fetch(`${stack.url}/`);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('<title>');
  } finally {
    await stack.dispose();
    await stack.dispose();
  }
});

test('a busy port is told in one line', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as { port: number };
  try {
    await expect(startLocalStack({ port, host, fleet })).rejects.toThrow(
      new Error(`port ${port} is in use; choose another with --port`),
    );
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});
