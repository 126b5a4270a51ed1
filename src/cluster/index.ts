export type { Clocks, Outbox } from './step.js';
