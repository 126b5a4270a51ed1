/**
 * The one place that learns of every change of a key, and tells those who hang on it.
 *
 *   a command wrote or deleted a key --changed()-------+
 *   the store expired or evicted one --onRemove--------+--> WATCH is broken, tracking clients are told
 *   FLUSHDB, FLUSHALL, SWAPDB --flushing(), swapping()-+
 *
 * Cost: one test of a number while nobody watches or tracks. A handler calls `changed` once per key and
 * change, after the change; `flushing` and `swapping` before it (WATCH asks which keys exist).
 */
import { Block } from '../base/index.js';
import { MAX_KEY_BYTES, type Ref, type Store } from '../store/index.js';
import type { Session } from './session.js';
import type { Tracking } from './tracking.js';
import type { Watches } from './watches.js';

/** Every database, for `flushing`. */
export const ALL_DATABASES = -1;

export class Keyspace {
  /** How many parts listen: 0 is the short way. */
  #listeners = 0;
  readonly #store: Store;
  readonly #watches: Watches;
  readonly #tracking: Tracking;
  readonly #scratch = new Block(new Uint8Array(MAX_KEY_BYTES));

  constructor(store: Store, watches: Watches, tracking: Tracking) {
    this.#store = store;
    this.#watches = watches;
    this.#tracking = tracking;
    const listen = (change: 1 | -1): void => {
      this.#listeners += change;
    };
    watches.onListening = listen;
    tracking.onListening = listen;
    store.onRemove = (ref) => this.#removed(ref);
  }

  /** A command of `session` has written or deleted the key at `at` of `block` in database `db`. */
  changed(session: Session | undefined, db: number, block: Block, at: number, length: number): void {
    if (this.#listeners === 0) return;
    this.#watches.changed(db, block, at, length);
    this.#tracking.changed(session, block, at, length);
  }

  /** Database `db` (or ALL_DATABASES) is about to be emptied. */
  flushing(db: number): void {
    if (this.#listeners === 0) return;
    this.#watches.flushing(this.#store, db);
    this.#tracking.flushed();
  }

  /** Databases `a` and `b` are about to change places. */
  swapping(a: number, b: number): void {
    if (this.#listeners === 0) return;
    this.#watches.swapping(this.#store, a, b);
    this.#tracking.flushed();
  }

  #removed(ref: Ref): void {
    if (this.#listeners === 0) return;
    const store = this.#store;
    const length = store.keyLength(ref);
    store.copyKey(ref, this.#scratch, 0);
    this.changed(undefined, store.database(ref), this.#scratch, 0, length);
  }
}
