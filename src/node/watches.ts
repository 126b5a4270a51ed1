/**
 * WATCH: optimistic locking. A key that is watched and changes marks all its watchers, and their EXEC fails.
 *
 *   WATCH k --> watching --k changes, expires, is evicted, flushed or swapped away--> broken --EXEC--> nil
 *                   |
 *                   +--EXEC, DISCARD, UNWATCH, RESET--> forgotten
 *
 * A watcher that is broken watches nothing more: all its keys are forgotten at once, the mark stays until
 * EXEC. An expired key that WATCH meets is removed first, so a watched key that is absent was absent then.
 *
 * Cost: nothing while nobody watches; one string and one lookup per changed key otherwise.
 */
import { Block, byteString } from '../base/index.js';
import { MAX_KEY_BYTES, type Store } from '../store/index.js';
import { ALL_DATABASES } from './keyspace.js';
import type { Session } from './session.js';

/** What a watched key takes beside its bytes, in the map and in the session, roughly. */
const WATCH_BYTES = 120;

/** What one session watches. */
export interface WatchedKeys {
  /** Database and key: see `watchId`. */
  readonly ids: Set<string>;
  broken: boolean;
  bytes: number;
}

export class Watches {
  /** Told when the first watcher comes and the last one goes. */
  onListening: (change: 1 | -1) => void = () => {};
  readonly #watchers = new Map<string, Set<Session>>();

  watch(session: Session, store: Store, db: number, block: Block, at: number, length: number): void {
    session.watched ??= { ids: new Set(), broken: false, bytes: 0 };
    const { watched } = session;
    // No key is so long: it is absent for ever.
    if (watched.broken || length > MAX_KEY_BYTES) return;
    store.find(db, block, at, length);
    const id = watchId(db, byteString(block, at, length));
    if (watched.ids.has(id)) return;
    watched.ids.add(id);
    watched.bytes += WATCH_BYTES + length;
    let sessions = this.#watchers.get(id);
    if (sessions === undefined) {
      if (this.#watchers.size === 0) this.onListening(1);
      sessions = new Set();
      this.#watchers.set(id, sessions);
    }
    sessions.add(session);
  }

  /** Whether EXEC must fail. Looks at every watched key, since one may have expired unnoticed. */
  isBroken(session: Session, store: Store): boolean {
    const { watched } = session;
    if (watched === undefined) return false;
    for (const id of watched.ids) {
      if (watched.broken) break;
      const { db, key } = parseWatchId(id);
      store.find(db, key, 0, key.bytes.length);
    }
    return watched.broken;
  }

  /** UNWATCH: neither keys nor mark are left. */
  forget(session: Session): void {
    if (session.watched === undefined) return;
    this.#release(session, session.watched);
    session.watched = undefined;
  }

  changed(db: number, block: Block, at: number, length: number): void {
    if (this.#watchers.size === 0) return;
    const sessions = this.#watchers.get(watchId(db, byteString(block, at, length)));
    if (sessions !== undefined) this.#breakAll(sessions);
  }

  /** A database is about to be emptied: who watches a key that exists in it is marked. */
  flushing(store: Store, db: number): void {
    this.#breakWhere((watchedDb, key) => {
      if (db !== ALL_DATABASES && db !== watchedDb) return false;
      return store.find(watchedDb, key, 0, key.bytes.length) !== 0;
    });
  }

  /** Two databases are about to change places: who watches a key that exists in either is marked. */
  swapping(store: Store, a: number, b: number): void {
    this.#breakWhere((watchedDb, key) => {
      if (watchedDb !== a && watchedDb !== b) return false;
      const length = key.bytes.length;
      return store.find(a, key, 0, length) !== 0 || store.find(b, key, 0, length) !== 0;
    });
  }

  /** Nothing that is watched is surely as it was. */
  breakAll(): void {
    this.#breakWhere(() => true);
  }

  #breakWhere(concerns: (db: number, key: Block) => boolean): void {
    for (const [id, sessions] of [...this.#watchers]) {
      const { db, key } = parseWatchId(id);
      if (concerns(db, key)) this.#breakAll(sessions);
    }
  }

  #breakAll(sessions: Set<Session>): void {
    for (const session of [...sessions]) {
      if (session.watched === undefined) continue;
      session.watched.broken = true;
      this.#release(session, session.watched);
    }
  }

  #release(session: Session, watched: WatchedKeys): void {
    for (const id of watched.ids) {
      const sessions = this.#watchers.get(id);
      if (sessions === undefined) continue;
      sessions.delete(session);
      if (sessions.size > 0) continue;
      this.#watchers.delete(id);
      if (this.#watchers.size === 0) this.onListening(-1);
    }
    watched.ids.clear();
    watched.bytes = 0;
  }
}

/** One char for the database, then the key as a byte string. */
function watchId(db: number, key: string): string {
  return String.fromCharCode(db) + key;
}

function parseWatchId(id: string): { db: number; key: Block } {
  return { db: id.charCodeAt(0), key: Block.of(id.slice(1)) };
}
