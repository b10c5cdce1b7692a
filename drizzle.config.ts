import { defineConfig } from 'drizzle-kit';

// Only for `npm run db:generate`, which writes the next migration; nothing reads this at run time.
export default defineConfig({
  dialect: 'sqlite',
  schema: './src/store/schema.ts',
  out: './migrations',
});
