/**
 * The node's store as the copy of a shard: what a primary does is captured, what it captured is done by its replicas.
 *
 *   lead    command, expiry, eviction --keyspace--> effects --open group--> copy.append, when `flush` is called or it is full
 *   follow  copy --apply--> store, and whoever watches or tracks what is read here is told
 *
 * A replica decides nothing: what has expired is hidden and stays until its primary says that it is gone. It evicts only
 * what it has no room for. With as much memory as its primary that is nothing: before a store evicts it empties half-filled pages
 * into each other, so that equal entries need equally many, but for a few, and those a primary leaves free (SLACK_SHARE). A
 * replica that has less, by its settings or since more clients track keys there, drops its oldest, counts them in `dropped` and
 * warns. It then holds a part of what its primary holds, never anything else, and promoted it holds what it would have kept.
 *
 * Whoever drives it calls `flush` before the copy takes a step, and applies between `beginEvent` and `endEvent` of the node.
 */
import { assert, Block } from '../../base/index.js';
import type { ReplicatedStore, StoreWalk } from '../../cluster/index.js';
import { type EntryWalk, type Loaded, MAX_KEY_BYTES, type Ref } from '../../store/index.js';
import type { CacheNode } from '../cache-node.js';
import type { Capture, ChangedPart, ValuePart } from '../keyspace.js';
import {
  BLOCK_BYTES,
  type EffectGroup,
  EffectKind,
  EffectReader,
  EffectWriter,
  UNCOUNTED_BYTES,
} from './effects.js';

/** Part of the budget that the backlog may take, its least and its most in bytes. */
const BACKLOG_SHARE = 1 / 32;
const MIN_BACKLOG_BYTES = 256 * 1024;
const MAX_BACKLOG_BYTES = 64 * 2 ** 20;
/** Part of its budget that a primary leaves free for what its replicas may need beyond it: 16 pages at least. */
const SLACK_SHARE = 1 / 256;
/** A slice of a full sync ends with the entry that exceeds this. */
const SLICE_BYTES = BLOCK_BYTES;
/** Of a value of this length only the part goes to replicas that was changed, if that is less than half of it. */
const LONG_VALUE_BYTES = 1024;
/** A change of a value of this length takes time by itself, some us: see gate.ts. */
const SLOW_VALUE_BYTES = 16 * 1024;
/** Of so many reads of a primary its replicas learn of one, so that they come to the same order of eviction. */
const TOLD_READS = 16;
/** How often it is said that entries are dropped. */
const WARN_EVERY_MS = 60_000;

/** What is known of the copy's backlog. */
export interface BacklogState {
  /** The offset of the newest write, how many there are, and what they take. */
  readonly last: number;
  readonly count: number;
  readonly bytes: number;
  /** What they may take. */
  maxBytes: number;
}

/** Takes a group as the next write of the stream: see Copy. */
type Append = (group: EffectGroup) => void;

/** How much backlog a node with this budget keeps. */
export function backlogBudget(maxMemoryBytes: number): number {
  return Math.min(MAX_BACKLOG_BYTES, Math.max(MIN_BACKLOG_BYTES, Math.floor(maxMemoryBytes * BACKLOG_SHARE)));
}

export class ShardStore implements ReplicatedStore<EffectGroup>, Capture {
  /** Of the copy that this is the store of. */
  backlog: BacklogState;
  /** Called when something was changed since the last `flush`: call it soon. */
  onChanged: () => void = () => {};
  /** Entries that this replica had no room for. */
  dropped = 0;
  readonly #node: CacheNode;
  readonly #writer: EffectWriter;
  readonly #reader = new EffectReader();
  readonly #walks = new Set<EntryWalk>();
  #append: Append | undefined;
  /** Whether the open group has more than reads. */
  #hasChanges = false;
  #isAnnounced = false;
  readonly #readKey = Block.ofLength(MAX_KEY_BYTES);
  readonly #onRead = (ref: Ref): void => this.#wasRead(ref);
  #warnAtMs = Number.NEGATIVE_INFINITY;

  /** Follows at first. */
  constructor(node: CacheNode, backlogBytes: number) {
    this.#node = node;
    this.backlog = { last: 0, count: 0, bytes: 0, maxBytes: backlogBytes };
    this.#writer = new EffectWriter((group) => {
      this.#hasChanges = false;
      this.#append?.(group);
    });
    node.shardStore = this;
    this.follow();
  }

  // -- roles

  /** This node is primary: it decides, and all that changes goes there. */
  lead(append: Append): void {
    this.#assertFlushed();
    this.#endWalks();
    this.#append = append;
    this.#node.keyspace.capture = this;
    this.#node.store.decidesExpiry = true;
    this.#node.store.tellReads(TOLD_READS, this.#onRead);
    this.#node.accountExternalBytes();
  }

  /** It is not, or not any more. */
  follow(): void {
    this.#assertFlushed();
    this.#endWalks();
    this.#append = undefined;
    this.#node.keyspace.capture = undefined;
    this.#node.store.decidesExpiry = false;
    this.#node.store.tellReads(0, this.#onRead);
    this.#node.accountExternalBytes();
  }

  get leads(): boolean {
    return this.#append !== undefined;
  }

  /** Whether a full sync is under way. */
  get isWalked(): boolean {
    return this.#walks.size > 0;
  }

  /** Memory that counts in the node's budget: the backlog, which only a large value exceeds, and what is left free. */
  get accountedBytes(): number {
    const slack = this.leads ? Math.floor(this.#node.store.maxBytes * SLACK_SHARE) : 0;
    return Math.max(this.backlog.maxBytes, this.backlog.bytes) + UNCOUNTED_BYTES + slack;
  }

  /** The node has another budget. */
  budgetChanged(maxMemoryBytes: number): void {
    this.backlog.maxBytes = backlogBudget(maxMemoryBytes);
  }

  // -- what a primary does

  /** The offset that holds everything done so far. */
  get offset(): number {
    const { last } = this.backlog;
    return this.#hasChanges ? last + 1 : last;
  }

  /** Hands over what was captured. Called when no command is being executed. */
  flush(): void {
    this.#isAnnounced = false;
    this.#writer.close();
    // After a value that is larger than the backlog: what is evicted for it is captured as well.
    this.#node.accountExternalBytes();
    this.#writer.close();
  }

  /** What is changed until `endWhole` goes to replicas as one. */
  beginWhole(): void {
    this.#writer.beginWhole();
  }

  endWhole(): void {
    this.#writer.endWhole();
  }

  changed(block: Block, at: number, length: number, known?: Ref, part?: ChangedPart): void {
    const { store } = this.#node;
    const ref = known ?? store.peek(0, block, at, length);
    if (ref === 0) this.#writer.gone(block, at, length);
    else if (part === 'lifetimes') this.#writer.lifetimes(store, ref);
    else {
      const valueLength = store.valueLength(ref);
      if (part !== undefined && isSmallPart(part, valueLength))
        this.#writer.part(store, ref, part.at, part.length);
      else this.#writer.entry(store, ref);
      // Whatever was changed of it, it may have been copied whole.
      if (valueLength >= SLOW_VALUE_BYTES) this.#node.gate?.tookLong();
    }
    this.#hasChanged();
  }

  removed(block: Block, at: number, length: number): void {
    this.#writer.gone(block, at, length);
    this.#hasChanged();
  }

  flushed(): void {
    this.#writer.allGone();
    this.#hasChanged();
  }

  #hasChanged(): void {
    this.#hasChanges = true;
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    this.onChanged();
  }

  /** Reads are in no hurry: they travel with what is changed, or with the next tick. */
  #wasRead(ref: Ref): void {
    const { store } = this.#node;
    store.copyKey(ref, this.#readKey, 0);
    this.#writer.used(this.#readKey, 0, store.keyLength(ref));
  }

  // -- what a replica does

  apply({ block, at, length }: EffectGroup): void {
    assert(!this.leads, 'a primary is told nothing');
    const { store } = this.#node;
    const evictedBefore = store.stats.evicted;
    const end = at + length;
    for (let place = at; place < end; ) {
      place = this.#reader.read(block, place, end);
      assert(place > 0, 'effects were checked when they came');
      this.#do(block);
    }
    if (store.stats.evicted > evictedBefore) this.#drops(store.stats.evicted - evictedBefore);
  }

  /** Empties it, in either role: nobody is told to do the same. */
  clear(): void {
    const { keyspace, store } = this.#node;
    this.#assertFlushed();
    keyspace.capture = undefined;
    keyspace.flushing(0);
    store.flushAll();
    if (this.leads) keyspace.capture = this;
  }

  walk(): StoreWalk<EffectGroup> {
    const { store } = this.#node;
    const walk = store.walkByUse();
    this.#walks.add(walk);
    let groups: EffectGroup[] = [];
    let bytes = 0;
    const writer = new EffectWriter((group) => {
      groups.push(group);
      bytes += group.length;
    });
    const visit = (ref: Ref): boolean => {
      writer.entry(store, ref);
      return bytes + writer.openBytes < SLICE_BYTES;
    };
    const end = (): void => {
      walk.end();
      this.#walks.delete(walk);
    };
    const next = (): EffectGroup[] | undefined => {
      if (walk.isOver) {
        end();
        return undefined;
      }
      this.#assertFlushed();
      groups = [];
      bytes = 0;
      walk.next(visit);
      writer.close();
      return groups;
    };
    return { next, end };
  }

  #do(block: Block): void {
    const { store, keyspace } = this.#node;
    const { kind, keyAt, keyLength } = this.#reader;
    if (kind === EffectKind.ALL_GONE) {
      keyspace.flushing(0);
      store.flush(0);
      return;
    }
    if (kind === EffectKind.USED) {
      const ref = store.peek(0, block, keyAt, keyLength);
      if (ref !== 0) store.touch(ref);
      return;
    }
    if (kind === EffectKind.GONE) {
      this.#remove(block, keyAt, keyLength);
    } else if (!this.#write(kind, block)) {
      // It is larger than all this node may take: gone is what it can be here.
      this.#remove(block, keyAt, keyLength);
      this.#drops(1);
    }
    keyspace.changed(undefined, 0, block, keyAt, keyLength);
  }

  /** False when there is no room for it. */
  #write(kind: number, block: Block): boolean {
    if (kind === EffectKind.ENTRY) return this.#set(block) !== 0;
    const { store } = this.#node;
    const { keyAt, keyLength } = this.#reader;
    const ref = store.peek(0, block, keyAt, keyLength);
    // What is not there is either dropped here, or comes whole with a later slice.
    if (ref === 0) return true;
    return kind === EffectKind.PART ? this.#setPart(ref, block) : this.#setLifetimes(ref);
  }

  #set(block: Block): Ref {
    const { store } = this.#node;
    const { keyAt, keyLength, valueAt, valueLength, expiry, type, isAttributed } = this.#reader;
    if (!isAttributed)
      return store.set(0, block, keyAt, keyLength, block, valueAt, valueLength, expiry, type);
    const { freshUntil, loadMs, isAbsent } = this.#reader;
    const loaded: Loaded = {
      value: block,
      at: valueAt,
      length: valueLength,
      expiry,
      freshUntil,
      loadMs,
      isAbsent,
    };
    return store.setLoaded(0, block, keyAt, keyLength, loaded, type);
  }

  #setPart(ref: Ref, block: Block): boolean {
    const { store } = this.#node;
    const { valueAt, valueLength, partAt, partLength } = this.#reader;
    const to = store.valueLength(ref) === valueLength ? ref : store.resizeValue(ref, valueLength);
    if (to !== 0) store.writeValue(to, partAt, block, valueAt, partLength);
    return to !== 0;
  }

  #setLifetimes(ref: Ref): boolean {
    const { store } = this.#node;
    const { expiry, isAttributed, freshUntil } = this.#reader;
    let to = store.setExpiry(ref, expiry);
    if (to !== 0 && isAttributed) to = store.setFreshUntil(to, freshUntil);
    if (to !== 0) store.touch(to);
    return to !== 0;
  }

  #remove(block: Block, at: number, length: number): void {
    const { store } = this.#node;
    const ref = store.peek(0, block, at, length);
    if (ref !== 0) store.remove(ref);
  }

  #drops(entries: number): void {
    this.dropped += entries;
    const { tickMs, log, store } = this.#node;
    if (tickMs < this.#warnAtMs) return;
    this.#warnAtMs = tickMs + WARN_EVERY_MS;
    log.warn(
      'this replica has less room than its primary and has dropped entries; give both the same maxmemory',
      {
        dropped: this.dropped,
        maxBytes: store.maxBytes,
      },
    );
  }

  /** Else the copy would say that it holds less than the store has: `flush` comes before each step of the copy. */
  #assertFlushed(): void {
    assert(!this.#writer.isOpen, 'what was captured is handed over before anything becomes of the copy');
  }

  #endWalks(): void {
    for (const walk of this.#walks) walk.end();
    this.#walks.clear();
  }
}

function isSmallPart({ length }: ValuePart, valueLength: number): boolean {
  return valueLength >= LONG_VALUE_BYTES && length < valueLength / 2;
}
