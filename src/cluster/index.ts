export { Copy, type CopyOptions } from './copy.js';
export { type HandedOver, HandOver } from './hand-over.js';
export { HOLDER_CLOCK_MUTANTS, HolderClock } from './lease/holder-clock.js';
export { PROMISE_MUTANTS } from './lease/promises.js';
export { WRITE_LEASE_MUTANTS } from './lease/write-lease.js';
export type { Claim, MemberState } from './membership/member.js';
export { Mind } from './mind.js';
export {
  type HostReading,
  MIND_MUTANTS,
  type MindDisk,
  type MindMessage,
  type MindOptions,
  type MindOutbox,
} from './mind-options.js';
export { PLAN_MUTANTS } from './plan.js';
export type { Outcome } from './register/messages.js';
export { REGISTER_MUTANTS } from './register/options.js';
export type { ProposalOutcome } from './register/register.js';
export { Backlog } from './replication/backlog.js';
export type { History } from './replication/history.js';
export type { ReplicationMessage } from './replication/messages.js';
export { REPLICATION_MUTANTS } from './replication/primary-stream.js';
export type { ReplicatedStore, StoreWalk } from './replication/store.js';
export type { Clocks, Outbox } from './step.js';
