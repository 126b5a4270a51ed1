export { DATABASE_COUNT } from './databases.js';
export { EntryFacts } from './entry-facts.js';
export type { EntryWalk } from './entry-walk.js';
export type { Ref } from './layout.js';
export { LeaseClient } from './lease-record.js';
export type { WakeReason } from './lease-records.js';
export type { RemovalReason } from './live-entries.js';
export { type AskOptions, type LeaseAnswer, type LeasedStore, LoadLeases } from './load-leases.js';
export {
  type Loaded,
  MAX_KEY_BYTES,
  MAX_STORE_BYTES,
  MAX_VALUE_BYTES,
  MIN_STORE_BYTES,
  STRING,
  Store,
  type StoreOptions,
} from './store.js';
