import { Command } from 'commander';
import { registerOptimizer } from './optimizer/index.ts';

const program = new Command('bench').description(
  'Measurements, each beside a peer of the same run.',
);
registerOptimizer(program);
await program.parseAsync();
