/** Builds the operator's page into dist/page; wrangler runs it before it deploys. */
import { buildPage } from '../src/local/page.ts';

await buildPage();
