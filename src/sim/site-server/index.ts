export type { Fault } from './faults.ts';
export { startSimulatedSite } from './server.ts';
export type { SimulatedSite, SimulatedSiteOptions, SimulatedSiteStats } from './types.ts';
