import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { experimental_readRawConfig } from 'wrangler';
import { z } from 'zod';
import { projectPath } from '../../src/local/bundle.ts';

/** The schema that wrangler ships for editors: stricter than wrangler, which only warns. */
const schema = z.fromJSONSchema(
  JSON.parse(readFileSync(projectPath('node_modules/wrangler/config-schema.json'), 'utf8')),
);
const read = (file: string) =>
  experimental_readRawConfig({ config: projectPath(file) }).rawConfig as Record<string, unknown>;

test.each(['wrangler.toml', 'wrangler.site.toml'])(
  '%s is as wrangler’s schema wants it',
  (file) => {
    const config = read(file);
    expect(schema.safeParse(config).error?.issues).toBeUndefined();
    const misspelt = { ...config, compatability_date: config.compatibility_date };
    expect(schema.safeParse(misspelt).error?.message).toContain('compatability_date');
  },
);
