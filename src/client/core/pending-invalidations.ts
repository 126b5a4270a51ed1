/**
 * The keys whose invalidation no node has acknowledged. Until it is, the process does not serve them from the cache:
 * the value there may be the one that the application has just replaced in its database.
 *
 *                        room for the key               no room
 *     add(node, key) -----> keys of the node     -----> prefixes of the node
 *                            'user:1'  delete            'user:'        what begins with it is read around the cache
 *                            'user:2'  expire            ''             everything is
 *
 *     gone when: acknowledged, and not added again since that attempt was sent
 *                or the time has passed after which nothing that was there then can still live
 *
 * - A delete wins over a soft expiry of the same key, in whatever order they came.
 * - An acknowledgement counts for what was added before its attempt was *sent*. Between two deletes of a key another
 *   process may have filled what it loaded in between, so the answer to the first says nothing about the second. Each
 *   `add` therefore raises the sequence of its record, and an attempt of an older sequence clears nothing.
 * - Keys are bounded in number and bytes, over all nodes. A key that has no room any more is kept as its prefix: up to
 *   and including its last ':'. The keys that a prefix covers are dropped, which makes room. Prefixes are bounded too:
 *   the one that has no room is cut at the ':' before, 'user:7:cart:' to 'user:7:' to 'user:' to '', until it covers
 *   others and takes their place. '' is everything, and never lacks room.
 * - A prefix is repaired like a key: its attempt clears on the node what begins with it, and an acknowledged clear
 *   takes the prefix away. Where the owner knows no such command, time does.
 *
 * A node is an index that the owner chooses: one for each of several independent nodes, and one for a whole cluster,
 * within which keys move.
 *
 * What is lost when the process dies is this table: a restart reads what it should not until the value's lifetime ends.
 *
 * Cost: `isPending` is one comparison while nothing is pending, else a lookup and at most `maxPrefixes` comparisons.
 */
import { assert, type BackoffShape, backoffMs, type RandomSource } from '../../base/index.js';
import { type Scheduled, SoonestQueue } from './soonest-queue.js';

/** 'delete': never served again. 'expire': may be served as stale, once the node knows. */
export type InvalidationKind = 'delete' | 'expire';

/** An invalidation to be sent, or being sent. Hand it to `acknowledge` when the node has confirmed it. */
export interface InvalidationAttempt {
  readonly node: number;
  /** Whether `name` is a key, or a prefix of which all keys are to be deleted. */
  readonly scope: 'key' | 'prefix';
  readonly name: string;
  readonly kind: InvalidationKind;
  /** 0 is the attempt that made the caller call `add`. */
  readonly attempt: number;
  readonly sequence: number;
}

export interface PendingInvalidationsOptions {
  /** Keys over all nodes. */
  readonly maxKeys: number;
  /** Memory of these keys, in bytes: two for each character and `RECORD_BYTES`. */
  readonly maxBytes: number;
  /** Prefixes per node: at most so many comparisons for a read while there are any. */
  readonly maxPrefixes: number;
  /** The pause after the first attempt; doubled with each further one, and half of it is jitter. */
  readonly firstPauseMs: number;
  readonly mostPauseMs: number;
  /** A prefix is kept for so long at most, even if what it covers was to be kept longer. */
  readonly mostPrefixMs: number;
}

/** Ten thousand keys are what 20 deletes a second leave in an outage of 8 minutes; then prefixes do. */
export const pendingInvalidationsDefaults: PendingInvalidationsOptions = Object.freeze({
  maxKeys: 10_000,
  maxBytes: 4 * 1024 * 1024,
  maxPrefixes: 64,
  firstPauseMs: 100,
  mostPauseMs: 5_000,
  mostPrefixMs: Number.POSITIVE_INFINITY,
});

/** What a key costs besides its characters: its record, its places in a Map and in the queue. */
export const RECORD_BYTES = 200;

/** Characters of the longest prefix kept; longer ones are cut. */
const MAX_PREFIX_LENGTH = 256;

interface Outstanding extends Scheduled {
  readonly node: number;
  readonly scope: 'key' | 'prefix';
  readonly name: string;
  kind: InvalidationKind;
  attempts: number;
  sequence: number;
  /** When nothing that the invalidation was for can be in the cache any more. */
  staleUntilMs: number;
}

interface OfNode {
  readonly keys: Map<string, Outstanding>;
  prefixes: Outstanding[];
}

export class PendingInvalidations {
  readonly #options: PendingInvalidationsOptions;
  readonly #random: RandomSource;
  readonly #nodes = new Map<number, OfNode>();
  readonly #queue = new SoonestQueue<Outstanding>();
  #keys = 0;
  #bytes = 0;
  #sequence = 0;

  constructor(random: RandomSource, options: PendingInvalidationsOptions = pendingInvalidationsDefaults) {
    assert(options.firstPauseMs > 0, `the first pause is above 0 ms, not ${options.firstPauseMs}`);
    this.#options = options;
    this.#random = random;
  }

  /** Keys that are pending one by one. */
  get keys(): number {
    return this.#keys;
  }

  /** Prefixes that are read around the cache: above 0 it has overflowed. */
  get prefixes(): number {
    return this.#queue.size - this.#keys;
  }

  /** Memory that the keys take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the key must be read around the cache of that node, and what is loaded not be put there. */
  isPending(node: number, key: string): boolean {
    if (this.#queue.size === 0) return false;
    const ofNode = this.#nodes.get(node);
    if (ofNode === undefined) return false;
    return ofNode.keys.has(key) || covering(ofNode, key) !== undefined;
  }

  /**
   * Keeps an invalidation that failed, timed out or could not be sent. `staleUntilMs` is when all that the cache may
   * have held of the key now is gone by itself, its stale time included; Infinity if it has no lifetime.
   *
   * Returns the attempt that has just failed, since its answer may still come; undefined if the key is kept as a
   * prefix only, of which that answer says nothing.
   */
  add(
    node: number,
    key: string,
    kind: InvalidationKind,
    nowMs: number,
    staleUntilMs: number,
  ): InvalidationAttempt | undefined {
    const ofNode = this.#ofNode(node);
    const known = ofNode.keys.get(key) ?? covering(ofNode, key);
    if (known !== undefined) {
      known.sequence = ++this.#sequence;
      const mostMs = known.scope === 'prefix' ? nowMs + this.#options.mostPrefixMs : staleUntilMs;
      known.staleUntilMs = Math.max(known.staleUntilMs, Math.min(staleUntilMs, mostMs));
      if (kind === 'delete') known.kind = kind;
      return known.scope === 'key' ? attemptOf(known, 0) : undefined;
    }
    const bytes = keyBytes(key);
    if (this.#keys < this.#options.maxKeys && this.#bytes + bytes <= this.#options.maxBytes) {
      const added = this.#newRecord(node, 'key', key, kind, nowMs, staleUntilMs);
      ofNode.keys.set(key, added);
      this.#keys++;
      this.#bytes += bytes;
      return attemptOf(added, 0);
    }
    this.#addPrefix(node, ofNode, key, nowMs, staleUntilMs);
    return undefined;
  }

  /** When `takeDue` has something to do next; Infinity when nothing is pending. */
  get nextDueMs(): number {
    return this.#queue.first?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  /**
   * What is to be sent (again) now, at most `limit`, soonest first. Each is due again after a longer pause, unless it
   * is acknowledged before: of one that fails nobody need be told. What time has made harmless is dropped.
   */
  takeDue(nowMs: number, limit: number): InvalidationAttempt[] {
    const shape = pausesOf(this.#options);
    const due: InvalidationAttempt[] = [];
    for (let next = this.#queue.first; next !== undefined && next.dueMs <= nowMs; next = this.#queue.first) {
      if (next.staleUntilMs <= nowMs) {
        this.#drop(next);
        continue;
      }
      if (due.length >= limit) break;
      next.attempts++;
      this.#queue.move(next, nowMs + backoffMs(next.attempts + 1, shape, this.#random));
      due.push(attemptOf(next, next.attempts));
    }
    return due;
  }

  /** The node has confirmed an attempt, at whatever time. Returns whether nothing of it is pending any more. */
  acknowledge(attempt: InvalidationAttempt): boolean {
    const ofNode = this.#nodes.get(attempt.node);
    const record =
      attempt.scope === 'key'
        ? ofNode?.keys.get(attempt.name)
        : ofNode?.prefixes.find((prefix) => prefix.name === attempt.name);
    if (record?.sequence !== attempt.sequence) return false;
    this.#drop(record);
    return true;
  }

  /** The node can be reached again: all that is pending for it is due now. */
  hasten(node: number, nowMs: number): void {
    for (const record of this.#recordsOf(node)) {
      record.attempts = 0;
      if (record.dueMs > nowMs) this.#queue.move(record, nowMs);
    }
  }

  /** The node is gone for good, or is known to have lost all it held: nothing is pending for it. */
  forget(node: number): void {
    for (const record of this.#recordsOf(node)) this.#drop(record);
  }

  #addPrefix(node: number, ofNode: OfNode, key: string, nowMs: number, staleUntilMs: number): void {
    let prefix = key.slice(0, key.lastIndexOf(':', MAX_PREFIX_LENGTH - 1) + 1);
    while (prefix !== '' && this.#lacksRoom(ofNode, prefix)) prefix = cut(prefix);
    let lastMs = staleUntilMs;
    for (const record of this.#recordsOf(node)) {
      if (!record.name.startsWith(prefix)) continue;
      lastMs = Math.max(lastMs, record.staleUntilMs);
      this.#drop(record);
    }
    // The last record of the node may just have been dropped, and the node with it.
    const untilMs = Math.min(lastMs, nowMs + this.#options.mostPrefixMs);
    this.#ofNode(node).prefixes.push(this.#newRecord(node, 'prefix', prefix, 'delete', nowMs, untilMs));
  }

  #lacksRoom(ofNode: OfNode, prefix: string): boolean {
    const others = ofNode.prefixes.filter((other) => !other.name.startsWith(prefix));
    return others.length >= this.#options.maxPrefixes;
  }

  #newRecord(
    node: number,
    scope: Outstanding['scope'],
    name: string,
    kind: InvalidationKind,
    nowMs: number,
    staleUntilMs: number,
  ): Outstanding {
    const dueMs = nowMs + backoffMs(1, pausesOf(this.#options), this.#random);
    const sequence = ++this.#sequence;
    const record = { node, scope, name, kind, attempts: 0, sequence, staleUntilMs, dueMs, place: 0 };
    this.#queue.add(record);
    return record;
  }

  #drop(record: Outstanding): void {
    const ofNode = this.#nodes.get(record.node) as OfNode;
    this.#queue.remove(record);
    if (record.scope === 'key') {
      ofNode.keys.delete(record.name);
      this.#keys--;
      this.#bytes -= keyBytes(record.name);
    } else {
      ofNode.prefixes = ofNode.prefixes.filter((other) => other !== record);
    }
    if (ofNode.keys.size === 0 && ofNode.prefixes.length === 0) this.#nodes.delete(record.node);
  }

  #recordsOf(node: number): Outstanding[] {
    const ofNode = this.#nodes.get(node);
    return ofNode === undefined ? [] : [...ofNode.keys.values(), ...ofNode.prefixes];
  }

  #ofNode(node: number): OfNode {
    let ofNode = this.#nodes.get(node);
    if (ofNode === undefined) this.#nodes.set(node, (ofNode = { keys: new Map(), prefixes: [] }));
    return ofNode;
  }
}

function covering(ofNode: OfNode, key: string): Outstanding | undefined {
  return ofNode.prefixes.find((prefix) => key.startsWith(prefix.name));
}

/** The next shorter prefix: 'a:b:' gives 'a:', and that ''. */
function cut(prefix: string): string {
  return prefix.length === 1 ? '' : prefix.slice(0, prefix.lastIndexOf(':', prefix.length - 2) + 1);
}

function keyBytes(key: string): number {
  return 2 * key.length + RECORD_BYTES;
}

function attemptOf({ node, scope, name, kind, sequence }: Outstanding, attempt: number): InvalidationAttempt {
  return { node, scope, name, kind, attempt, sequence };
}

function pausesOf({ firstPauseMs, mostPauseMs }: PendingInvalidationsOptions): BackoffShape {
  return { firstMs: firstPauseMs, maxMs: mostPauseMs, jitter: 'equal' };
}
