export type { ByteSize, ByteUnit, Duration, DurationUnit } from '../base/index.js';
export { createLru } from './create-lru.js';
export type { EvictReason, Lru, LruStats, OnEvict, SetOptions } from './lru.js';
export {
  type ByteLruOptions,
  type CommonOptions,
  type EntryLruOptions,
  LruOptionsError,
  lruDefaults,
  type ValueKind,
  type ValueOfKind,
} from './options.js';
