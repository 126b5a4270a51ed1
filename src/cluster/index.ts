export type { Deposal, FindDeposals } from './lease/deposal.js';
export { HOLDER_CLOCK_MUTANTS, HolderClock, type HolderReading } from './lease/holder-clock.js';
export type { LeaseMessage } from './lease/messages.js';
export { PROMISE_MUTANTS } from './lease/promises.js';
export { WRITE_LEASE_MUTANTS } from './lease/write-lease.js';
export type { RegisterParts } from './register/core.js';
export { EmbeddedRegister } from './register/embedded-register.js';
export type { VoterReport } from './register/leadership.js';
export type { LeaderHint, Outcome, RegisterDisk, RegisterMessage } from './register/messages.js';
export {
  REGISTER_MUTANTS,
  type RegisterMutant,
  type RegisterOptions,
  registerDefaults,
} from './register/options.js';
export type { ProposalOutcome, Register } from './register/register.js';
export type { Advice, Applied, ValueFacts, ValueKind, Verdict } from './register/value-kind.js';
export type { Clocks, Outbox } from './step.js';
