export { type Checker, type Moment, Violation } from './checker.js';
export { clusterExperiment } from './cluster/cluster-experiment.js';
export { describeFault, FAULT_KINDS, type Fault, type FaultKind } from './faults.js';
export type {
  DiskContents,
  Effects,
  Experiment,
  Host,
  HostClocks,
  Life,
  Program,
  Trial,
  TrialSetup,
} from './program.js';
export { type Outcome, type RunOptions, type RunViolation, runSeed } from './run.js';
export { describeSettings, type Settings } from './settings.js';
export { type ShrunkRun, shrink } from './shrink.js';
export { leaseToy } from './toy/lease-toy.js';
