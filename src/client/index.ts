export { utf8Text } from './bulk-decoders.js';
export { Cache, type Explanation, type Peeked } from './cache.js';
export type { CacheEventName, CacheEvents, CacheListener } from './cache-events.js';
export type { CacheBehavior, NearCacheOptions } from './cache-options.js';
export type { CacheStats } from './cache-parts.js';
export type { Argument } from './connection/command-encoder.js';
export { type CallOptions, Connection, type ConnectionState } from './connection/connection.js';
export type { ConnectionEvent, ServerGreeting } from './connection/connection-event.js';
export type { ConnectionOptions, ServerAddress, TlsOptions } from './connection/connection-options.js';
export { parseRedisUrl } from './connection/redis-url.js';
export { type CacheConnection, type CacheNode, type CacheOptions, createCache } from './create-cache.js';
export { CacheMemory, type CacheMemoryOptions } from './engine/cache-memory.js';
export { ClusterEngine, type ClusterEngineOptions } from './engine/cluster-engine.js';
export {
  DetectEngine,
  type EngineMaker,
  type EngineMakers,
  type FoundServer,
} from './engine/detect-engine.js';
export {
  type Answer,
  type AnswerStatus,
  type ClusterStats,
  type Engine,
  type EngineCluster,
  type EngineHost,
  type EngineOptions,
  type KeyPlace,
  type Payload,
  plainReading,
  type Reading,
  type ReadMode,
} from './engine/engine.js';
export type { EngineServer } from './engine/engine-connection.js';
export type { ExistingClient, IoredisClient, NodeRedisClient } from './engine/existing-client.js';
export { MemoryEngine } from './engine/memory-engine.js';
export { NuthatchEngine } from './engine/nuthatch-engine.js';
export { redisEngineOver } from './engine/redis-client-engine.js';
export { makeRedisEngine } from './engine/redis-server-engine.js';
export { RoutedEngine, type RoutedEngineOptions } from './engine/routed-engine.js';
export {
  ClientError,
  type ClientErrorCode,
  ClientOptionsError,
  clientErrors,
  InvalidationPending,
  LoadShed,
  ReplyFailure,
} from './errors.js';
export { DEFAULT_GROUP, type LoadOptions } from './load-options.js';
export type { LoaderGroupOptions } from './loader-groups.js';
export type { LoadContext, Loader } from './loading.js';
export { jsonSerializer, type Serializer } from './serializer.js';
export { hostTime, type Timer, type TimeSource } from './time.js';
