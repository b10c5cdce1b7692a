import { Command } from 'commander';
import { registerForecast } from './forecast/index.ts';
import { registerHedging } from './hedging/index.ts';
import { registerGrowth } from './optimizer/growth.ts';
import { registerOptimizer } from './optimizer/index.ts';
import { registerRouter } from './router/index.ts';
import { registerSteering } from './steering/index.ts';
import { registerWorkerd } from './workerd/index.ts';

const program = new Command('bench').description(
  'Measurements, each beside a peer of the same run.',
);
registerForecast(program);
registerOptimizer(program);
registerGrowth(program);
registerHedging(program);
registerRouter(program);
registerSteering(program);
registerWorkerd(program);
await program.parseAsync();
