export { DATABASE_COUNT } from './databases.js';
export type { Ref } from './layout.js';
export type { RemovalReason } from './live-entries.js';
export {
  MAX_KEY_BYTES,
  MAX_STORE_BYTES,
  MAX_VALUE_BYTES,
  MIN_STORE_BYTES,
  STRING,
  Store,
  type StoreOptions,
} from './store.js';
