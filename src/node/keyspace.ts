/**
 * The one place that learns of every change of a key, and tells those who hang on it.
 *
 *   a command wrote or deleted a key --changed()-------+--> load leases are void
 *   FLUSHDB, FLUSHALL, SWAPDB --flushing(), swapping()-+      WATCH is broken, tracking clients are told
 *   the store expired or evicted one --onRemove--------+----> the same, but leases stay good
 *   a command deleted a key that was not there --deletedNothing()--> load leases are void
 *
 * On a primary all but the last is captured as well, in its order, for the replicas.
 *
 * Cost: one test of a number while nobody watches, tracks, loads or replicates. A handler calls `changed` once per key and
 * change, after the change; `flushing` and `swapping` before it (WATCH asks which keys exist).
 */
import { assert, Block } from '../base/index.js';
import { type LoadLeases, MAX_KEY_BYTES, type Ref, type Store } from '../store/index.js';
import type { Session } from './session.js';
import type { Tracking } from './tracking.js';
import type { Watches } from './watches.js';

/** Every database, for `flushing`. */
export const ALL_DATABASES = -1;

const ONE_DATABASE = 'a node in a cluster has database 0 alone';

/** Bytes of a value. */
export interface ValuePart {
  readonly at: number;
  readonly length: number;
}

/** What of an entry that was there is another than before: these bytes of its value, or only when it expires and until when it is fresh. */
export type ChangedPart = ValuePart | 'lifetimes';

/** Learns how every key is that was changed; of database 0, the only one that a node in a cluster has. */
export interface Capture {
  /** The key was written or deleted: it is as the store has it. `known`: its entry, if it is known. `part`: nothing else is another. */
  changed(block: Block, at: number, length: number, known?: Ref, part?: ChangedPart): void;
  /** The store has removed it. */
  removed(block: Block, at: number, length: number): void;
  /** Everything was removed, or is about to be. */
  flushed(): void;
}

export class Keyspace {
  /** How many parts listen: 0 is the short way. */
  #listeners = 0;
  readonly #store: Store;
  readonly #watches: Watches;
  readonly #tracking: Tracking;
  readonly #leases: LoadLeases;
  #capture: Capture | undefined;
  readonly #scratch = new Block(new Uint8Array(MAX_KEY_BYTES));

  constructor(store: Store, watches: Watches, tracking: Tracking, leases: LoadLeases) {
    this.#store = store;
    this.#watches = watches;
    this.#tracking = tracking;
    this.#leases = leases;
    const listen = (change: 1 | -1): void => {
      this.#listeners += change;
    };
    watches.onListening = listen;
    tracking.onListening = listen;
    leases.records.onListening = listen;
    store.onRemove = (ref) => this.#removed(ref);
  }

  /** Who learns of every change; undefined: nobody. */
  set capture(capture: Capture | undefined) {
    if ((capture === undefined) !== (this.#capture === undefined))
      this.#listeners += capture === undefined ? -1 : 1;
    this.#capture = capture;
  }

  /**
   * A command of `session` has written or deleted the key at `at` of `block` in database `db`. `known`: the entry that stands for it
   * now; who leaves it out has it looked up, if that is needed. `part`: the entry was there, and but for this, and for what its value
   * was filled up with if it became longer, it is as it was.
   */
  changed(
    session: Session | undefined,
    db: number,
    block: Block,
    at: number,
    length: number,
    known?: Ref,
    part?: ChangedPart,
  ): void {
    if (this.#listeners === 0) return;
    if (this.#capture !== undefined) {
      assert(db === 0, ONE_DATABASE);
      this.#capture.changed(block, at, length, known, part);
      if (this.#listeners === 1) return;
    }
    this.#leases.changed(db, block, at, length);
    this.#tell(session, db, block, at, length);
  }

  /** A command deleted the key, which was not there: no value is another, but what is being loaded is void. */
  deletedNothing(db: number, block: Block, at: number, length: number): void {
    if (this.#listeners > 0) this.#leases.changed(db, block, at, length);
  }

  /** Database `db` (or ALL_DATABASES) is about to be emptied. */
  flushing(db: number): void {
    if (this.#listeners === 0) return;
    this.#leases.flushing(db);
    this.#watches.flushing(this.#store, db);
    this.#tracking.flushed();
    if (db <= 0) this.#capture?.flushed();
  }

  /** Databases `a` and `b` are about to change places. */
  swapping(a: number, b: number): void {
    if (this.#listeners === 0) return;
    assert(this.#capture === undefined, ONE_DATABASE);
    this.#leases.swapping(a, b);
    this.#watches.swapping(this.#store, a, b);
    this.#tracking.flushed();
  }

  #removed(ref: Ref): void {
    if (this.#listeners === 0) return;
    const store = this.#store;
    const length = store.keyLength(ref);
    store.copyKey(ref, this.#scratch, 0);
    this.#capture?.removed(this.#scratch, 0, length);
    this.#tell(undefined, store.database(ref), this.#scratch, 0, length);
  }

  #tell(session: Session | undefined, db: number, block: Block, at: number, length: number): void {
    this.#watches.changed(db, block, at, length);
    this.#tracking.changed(session, block, at, length);
  }
}
