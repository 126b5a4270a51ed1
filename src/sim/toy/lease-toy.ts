/** The toy as an experiment: 3 to 5 nodes that vote on a worker. The smallest whole example of what the world runs. */
import type { Experiment } from '../program.js';
import {
  type LeaseFact,
  type LeaseMessage,
  type LeaseState,
  leaseProgram,
  MUTANTS,
} from './lease-program.js';
import { OneWorker } from './one-worker.js';
import { SomeoneWorks } from './someone-works.js';

export const leaseToy: Experiment<LeaseMessage, LeaseState, LeaseFact> = {
  name: 'toy',
  description: 'nodes vote on who of them may work while a lease lasts; proves the simulator itself',
  nodes: { least: 3, most: 5 },
  clients: { least: 0, most: 0 },
  tickMs: 50,
  driftPermille: 50,
  mutants: MUTANTS,
  marks: ['grant', 'won', 'lapsed', 'disk/torn', 'disk/kept'],
  begin: (setup) => ({
    program: leaseProgram(setup),
    checkers: [new OneWorker(), new SomeoneWorks()],
    // One voter more than a majority is left.
    maxLostDisks: Math.floor((setup.nodes.length - 1) / 2) - 1,
  }),
};
