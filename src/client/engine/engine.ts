/**
 * The small port between the cache and where its values are: a node of Nuthatch, a Redis or Valkey server, or memory.
 *
 *   cache --read--> engine --> hit | refresh | stale | load | wait | failed | miss      who is to do what
 *         --fill, fail, renew--> the lease that a read granted (load leases: docs/load-leases.md)
 *         --remove, soften, beginWrite--> invalidations: they resolve when the server acknowledged
 *         <--woken, invalidated, unsound, sound-- what the server tells by itself
 *
 * One engine may stand for several nodes, independent ones or those of a cluster. They are numbered from 0 on, as a near cache wants them: an answer
 * says which node gave it, and what is told of one node concerns what came from it.
 *
 * Every engine keeps these promises, and one suite tests all of them for it:
 * - Of all who read a key that is missing or stale, one is granted its lease; a fill is accepted only if the key was
 *   neither deleted nor written since. A delete that finds nothing counts too; expiry and eviction do not.
 * - Who was told `wait` or `stale` is woken when that load has ended, or by its own timer when the lease has.
 * - All times are the server's; only durations cross the wire.
 * - A call settles within its deadline, with a ClientError if it fails. Nothing is queued, and nothing is repeated here that may have been
 *   executed, but for reads. A lease that is granted to one who has gone is given back.
 */
import type { Serializer } from '../serializer.js';

export type AnswerStatus =
  /** A fresh value. */
  | 'hit'
  /** A stale value (or a fresh one, if `early` was asked for); refresh it. */
  | 'refresh'
  /** A stale value; somebody refreshes it, or no lease was asked for. */
  | 'stale'
  /** Nothing; load it. */
  | 'load'
  /** Nothing; somebody loads it. */
  | 'wait'
  /** The last load failed a moment ago: `error`. There may be a stale value. */
  | 'failed'
  /** Nothing, and no lease was asked for. */
  | 'miss';

/** What a read was answered. What its status does not speak of is 0, '' or undefined. */
export interface Answer {
  readonly status: AnswerStatus;
  /** Whether there is an entry: of hit, refresh, stale, and perhaps of failed. */
  readonly isThere: boolean;
  /** The entry's value, decoded; undefined also when the entry says that there is nothing. */
  readonly value: unknown;
  /** Length of the value as it is stored. */
  readonly valueBytes: number;
  /** Of a hit: ms until it is stale or gone, Infinity for never. Of what is stale: ms since then. */
  readonly ms: number;
  /** How long before its end a refresh is to be begun at the latest, halved, in ms: about what a load takes. 0: unknown. */
  readonly loadMs: number;
  /** Of load and refresh: what a fill must bring; undefined: load, but do not fill. */
  readonly token: string | undefined;
  /** Ms left of the lease: of the one granted, or of the one that others hold. */
  readonly leaseMs: number;
  readonly error: string;
  /** What `EngineHost.drawTicket` gave at the answer's place in the stream. */
  readonly ticket: number;
  /** The node that answered. */
  readonly node: number;
  /**
   * In a cluster, of what was not read from a primary under its lease: for how many ms it may have been without what was acknowledged
   * elsewhere. It is not to be kept near. Undefined of everything else.
   */
  readonly staleMs: number | undefined;
}

/** What becomes of a read: its promise resolves to what one of these two makes of it. So a read is one promise. */
export interface Reading<R> {
  /** Called at the answer's place in the stream, before anything behind it. What it throws goes to `failed`. */
  answered(answer: Answer): R | Promise<R>;
  /** Called later, never from within what has failed. What it throws rejects the promise. */
  failed(error: unknown): R | Promise<R>;
}

/** Of a read whose promise is to resolve to the answer, and to reject with the error. */
export const plainReading: Reading<Answer> = {
  answered: (answer) => answer,
  failed: (error) => {
    throw error;
  },
};

/** Reads what a promise is to bring: of engines whose answers have no place in a stream, and of reads that are not sent. */
export function readOf<R>(promise: Promise<Answer>, reading: Reading<R>): Promise<R> {
  return promise.then((answer) => reading.answered(answer)).catch((error) => reading.failed(error));
}

/** A value to store. */
export interface Payload {
  /** As the serializer encoded it. */
  readonly data: string | Uint8Array;
  /** The entry is gone after so many ms. */
  readonly ttlMs: number;
  /** It is stale after so many ms; at most `ttlMs`. */
  readonly freshMs: number;
  readonly loadMs: number;
  /** The entry says that there is nothing. */
  readonly isAbsent: boolean;
}

export type ReadMode =
  /** Ask for the lease if there is nothing fresh. */
  | 'lease'
  /** Ask for the lease also if there is. */
  | 'early'
  /** Only look. */
  | 'look';

/** What an engine tells its owner. All of it synchronously, at its place in the stream of answers. */
export interface EngineHost {
  /** What was waited for has ended: ask again. */
  woken(key: string): void;
  /** Somebody else changed the key, or (undefined) everything on this node may have changed. Only with `tracks`. */
  invalidated(key: string | undefined, node: number): void;
  /**
   * Invalidations of this node may have been lost up to now: one was missed, or its connection broke or was silent. What it answers
   * is not to be kept near until `sound` is told. Only with `tracks`.
   */
  unsound(node: number): void;
  /** Everything that was changed on this node before `sinceMs` has been told. By the clock of the engine; only with `tracks`. */
  sound(sinceMs: number, node: number): void;
  /** Called when an answer is read, before anything behind it in the stream. */
  drawTicket(node: number): number;
  /** What has this home (see `homeOf`) can be reached (undefined), or why not. */
  reachable(problem: Error | undefined, home: number): void;
}

/** The host of an engine within another engine: told everything but whether something can be reached, which the outer one judges. */
export function hostWithin(host: EngineHost, reachable: EngineHost['reachable']): EngineHost {
  return {
    woken: (key) => host.woken(key),
    invalidated: (key, node) => host.invalidated(key, node),
    unsound: (node) => host.unsound(node),
    sound: (sinceMs, node) => host.sound(sinceMs, node),
    drawTicket: (node) => host.drawTicket(node),
    reachable,
  };
}

/** Where in a cluster a key is. Nodes are told as HOST:PORT. */
export interface KeyPlace {
  readonly slot: number;
  readonly shard: number;
  readonly epoch: number;
  /** Undefined: nobody has the shard at present. */
  readonly primary: string | undefined;
  /** In the order in which a read would ask now. */
  readonly readers: readonly string[];
}

/** What a client knows of its cluster, and what has become of its reads. Counts are since the start. */
export interface ClusterStats {
  readonly clusterId: string;
  /** Of the topology. */
  readonly version: number;
  readonly shards: number;
  /** HOST:PORT of each node with data. */
  readonly nodes: readonly string[];
  /** Those of them that do not answer. */
  readonly away: readonly string[];
  /** Topologies that were learnt after the first. */
  readonly changes: number;
  /** Calls that were sent on by a node. */
  readonly redirections: number;
  /** Hits that were not read from a primary under its lease. */
  readonly unleasedHits: number;
  /** For how many ms the most stale of these may have been without what was acknowledged elsewhere, as its node said. */
  readonly largestStaleMs: number;
}

/** What an engine over a cluster tells of it. */
export interface EngineCluster {
  /** Undefined before a topology was learnt. */
  stats(): ClusterStats | undefined;
  placeOf(key: string): KeyPlace | undefined;
}

export interface Engine {
  /** What it talks to, for people: "nuthatch 0.1.0 at 127.0.0.1:6379". */
  readonly description: string;
  /** Of an engine over a cluster. */
  readonly cluster?: EngineCluster | undefined;
  /** The number of the node that has the key now. */
  nodeOf(key: string): number;
  /** The number under which it is kept what is pending for the key, for good: within a cluster keys move. */
  homeOf(key: string): number;
  /** Resolves when the first call may be made; rejects when that will hardly be. Reads need not wait for it. */
  ready(): Promise<void>;

  read<R>(key: string, mode: ReadMode, deadlineMs: number, reading: Reading<R>): Promise<R>;
  /** Stores what was loaded. False: refused, the key was invalidated meanwhile. */
  fill(key: string, token: string, payload: Payload, deadlineMs: number): Promise<boolean>;
  /** Gives a lease back: with an error for all who ask within `errorMs`, or without. Whether it was still good. */
  fail(key: string, token: string, error: string, errorMs: number, deadlineMs: number): Promise<boolean>;
  /** Prolongs a lease by its full length. False: it is void. */
  renew(key: string, token: string, deadlineMs: number): Promise<boolean>;

  /** Stores a value, whoever loads it. Voids leases. */
  put(key: string, payload: Payload, deadlineMs: number): Promise<void>;
  /** Deletes. Whether it was there. */
  remove(key: string, deadlineMs: number): Promise<boolean>;
  /** Makes stale what is there. Whether it was there. */
  soften(key: string, deadlineMs: number): Promise<boolean>;
  /** Deletes, and takes the lease for a write-through; undefined: write, but do not fill. */
  beginWrite(key: string, deadlineMs: number): Promise<string | undefined>;
  /** Deletes every key that begins with the prefix, and voids the leases of all such keys. Returns how many were there. */
  clear(prefix: string, deadlineMs: number): Promise<number>;

  /** Frees everything at once; calls under way are rejected. */
  close(): void;
}

export interface EngineOptions {
  readonly serializer: Serializer;
  /** How long a lease lasts that is not renewed. */
  readonly leaseMs: number;
  /** Tell of every change of a key that was read or filled: `invalidated`. One's own changes need not be told. */
  readonly tracks: boolean;
  /** The number of the node, if it is one of several. Default 0. */
  readonly node?: number;
}
