/** The parts of one cache, as they know each other. */
import type { RandomSource } from '../base/index.js';
import type { Events } from './cache-events.js';
import type {
  KeptLoads,
  LoadCaller,
  LoaderGroupStats,
  LoadTable,
  NearStats,
  StalenessStats,
} from './core/index.js';
import type { ClusterStats, Engine, Payload } from './engine/engine.js';
import type { ResolvedLoadOptions } from './load-options.js';
import type { Group } from './loader-groups.js';
import type { Loader } from './loading.js';
import type { NearValues } from './near-values.js';
import type { Serializer } from './serializer.js';
import type { TimeSource } from './time.js';
import type { Wakes } from './wakes.js';

/** How a key is loaded. */
export interface How {
  /** The key as the caller wrote it. */
  readonly key: string;
  readonly loader: Loader<unknown>;
  readonly options: ResolvedLoadOptions;
}

/** One who waits for a value. */
export interface Caller extends LoadCaller<Caller> {
  readonly how: How;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What has been counted since the start. */
export class CacheCounts {
  hits = 0;
  staleHits = 0;
  misses = 0;
  loads = 0;
  loadErrors = 0;
  earlyRefreshes = 0;
  waits = 0;
  fills = 0;
  refusedFills = 0;
  /** Reads of a node that may store nothing, answered with what this process had loaded within the last second. */
  keptHits = 0;
  shed = 0;
  /** Reads that went round the cache: it could not be reached, or an invalidation is pending. */
  around = 0;
  cacheErrors = 0;
  invalidations = 0;
}

export interface CacheStats extends Readonly<CacheCounts> {
  readonly nearHits: number;
  /** Undefined without a near cache. */
  readonly near: (NearStats & StalenessStats) | undefined;
  readonly groups: Readonly<Record<string, LoaderGroupStats>>;
  /** Undefined unless the cache is over a cluster, and before that is known. */
  readonly cluster: ClusterStats | undefined;
  readonly loading: number;
  readonly pendingInvalidations: number;
}

export interface CacheParts {
  readonly engine: Engine;
  /** In `copy` mode the engine hands out what is stored, and this decodes it. */
  readonly serializer: Serializer;
  readonly copies: boolean;
  readonly near: NearValues | undefined;
  readonly table: LoadTable<Caller>;
  readonly kept: KeptLoads<Payload>;
  readonly wakes: Wakes;
  readonly groups: ReadonlyMap<string, Group>;
  readonly events: Events;
  readonly counts: CacheCounts;
  readonly time: TimeSource;
  readonly random: RandomSource;
  /** Whether an invalidation of the key is not acknowledged yet: it is read around the cache, and not kept near. */
  readonly isPending: (name: string) => boolean;
  readonly deadlineMs: number;
  /** The lease that is renewed each third of it. */
  readonly leaseMs: number;
  /** What was stored, by this process, is gone by itself after so long at the latest. */
  longestMs: number;
}

/** The key is not what it was, for all of this process. */
export function forget({ near, kept, table }: CacheParts, name: string): void {
  near?.invalidate(name);
  kept.invalidate(name);
  table.invalidate(name);
}

/** The same for keys that only a rule can tell; what can be read again goes whatever its key. */
export function forgetWhere({ near, kept, table }: CacheParts, isInvalid: (name: string) => boolean): void {
  near?.invalidateAll();
  kept.invalidateAll();
  table.invalidateWhere(isInvalid);
}

/** An operation of the cache has failed, and nobody was told by an exception. */
export function noteCacheError(
  parts: CacheParts,
  operation: string,
  key: string | undefined,
  error: unknown,
): void {
  parts.counts.cacheErrors++;
  parts.events.emit('cacheError', { operation, key, error: error as Error });
}
