/** Keys as such: deleting, asking, moving, whole databases. */
import { equalBytes } from '../../base/index.js';
import type { CommandName, Request } from '../../resp/index.js';
import { MAX_KEY_BYTES, type Ref, STRING } from '../../store/index.js';
import { ALL_DATABASES } from '../keyspace.js';
import type { Handler, Session } from '../session.js';
import { databaseArgument, int32Argument, isDatabase } from './arguments.js';
import { errors } from './errors.js';
import { changed, deletedNothing, findKey, locateKey, peekKey, readKey, refuse, scratch } from './values.js';

export const keyHandlers = {
  del: deleteKeys,
  unlink: deleteKeys,

  exists(session, request) {
    let count = 0;
    for (let i = 1; i < request.count; i++) {
      if (peekKey(session, request, i) !== 0) count++;
    }
    session.out.integer(count);
  },

  /** Touches even for a client that said NO-TOUCH. */
  touch(session, request) {
    const { store } = session.node;
    let count = 0;
    for (let i = 1; i < request.count; i++) {
      if (store.read(session.db, request.block, request.starts[i], request.lengths[i]) !== 0) count++;
    }
    session.out.integer(count);
  },

  type(session, request) {
    const ref = peekKey(session, request, 1);
    session.out.simple(ref === 0 ? 'none' : typeName(session.node.store.type(ref)));
  },

  randomkey(session) {
    const { out, node } = session;
    const ref = node.store.random(session.db);
    if (ref === 0) {
      out.nil();
      return;
    }
    const length = node.store.keyLength(ref);
    node.store.copyKey(ref, scratch, 0);
    out.bulk(scratch, 0, length);
  },

  rename(session, request) {
    if (findKey(session, request, 1) === 0) session.out.error(errors.noSuchKey);
    else if (sameArguments(request, 1, 2) || moveTo(session, request, session.db, 2)) session.out.ok();
    else refuse(session, request, 2);
  },

  renamenx(session, request) {
    const { out } = session;
    if (findKey(session, request, 1) === 0) out.error(errors.noSuchKey);
    else if (findKey(session, request, 2) !== 0) out.integer(0);
    else if (moveTo(session, request, session.db, 2)) out.integer(1);
    else refuse(session, request, 2);
  },

  copy(session, request) {
    const { out } = session;
    const options = copyOptions(session, request);
    if (options === undefined) return;
    const { db, replace } = options;
    if (db !== 0 && session.node.gate !== undefined) {
      out.error('ERR Copying to another database is not allowed in cluster mode');
      return;
    }
    if (db === session.db && sameArguments(request, 1, 2)) {
      out.error(errors.sameObject);
      return;
    }
    // The target first: to find it expired would move the source.
    const taken = findIn(session, request, db, 2) !== 0;
    const source = readKey(session, request, 1);
    if (source === 0 || (taken && !replace)) out.integer(0);
    else if (copyTo(session, request, source, db, 2)) out.integer(1);
    else refuse(session, request, 2);
  },

  move(session, request) {
    const { out } = session;
    if (session.node.gate !== undefined) {
      out.error('ERR MOVE is not allowed in cluster mode');
      return;
    }
    const db = databaseArgument(session, request, 2);
    if (db === undefined) return;
    if (db === session.db) {
      out.error(errors.sameObject);
      return;
    }
    if (findIn(session, request, db, 1) !== 0 || findKey(session, request, 1) === 0) out.integer(0);
    else if (moveTo(session, request, db, 1)) out.integer(1);
    else refuse(session, request, 1);
  },

  swapdb(session, request) {
    const { out, node } = session;
    if (node.gate !== undefined) {
      out.error('ERR SWAPDB is not allowed in cluster mode');
      return;
    }
    const a = int32Argument(session, request, 1, errors.firstDatabase);
    if (a === undefined) return;
    const b = int32Argument(session, request, 2, errors.secondDatabase);
    if (b === undefined) return;
    if (!isDatabase(a) || !isDatabase(b)) {
      out.error(errors.databaseRange);
      return;
    }
    if (a !== b) {
      node.keyspace.swapping(a, b);
      node.store.swap(a, b);
    }
    out.ok();
  },

  dbsize(session) {
    session.out.integer(session.node.store.count(session.db));
  },

  flushdb(session, request) {
    if (!flushMode(session, request)) return;
    session.node.keyspace.flushing(session.db);
    session.node.store.flush(session.db);
    session.out.ok();
  },

  flushall(session, request) {
    if (!flushMode(session, request)) return;
    session.node.keyspace.flushing(ALL_DATABASES);
    session.node.store.flushAll();
    session.out.ok();
  },
} satisfies Partial<Record<CommandName, Handler>>;

function deleteKeys(session: Session, request: Request): void {
  const { store } = session.node;
  let count = 0;
  for (let i = 1; i < request.count; i++) {
    const ref = locateKey(session, request, i);
    if (ref === 0) {
      deletedNothing(session, request, i);
      continue;
    }
    store.remove(ref);
    changed(session, request, i);
    count++;
  }
  session.out.integer(count);
}

/** The name of a type tag, as TYPE and SCAN know it. */
export function typeName(type: number): string {
  return type === STRING ? 'string' : 'unknown';
}

function findIn(session: Session, request: Request, db: number, i: number): Ref {
  return session.node.store.find(db, request.block, request.starts[i], request.lengths[i]);
}

function sameArguments(request: Request, i: number, j: number): boolean {
  const { block, starts, lengths } = request;
  return lengths[i] === lengths[j] && equalBytes(block, starts[i], block, starts[j], lengths[i]);
}

/** Copies an entry to the key at argument `to` of another database; false when there is no room for both. */
function copyTo(session: Session, request: Request, source: Ref, db: number, to: number): boolean {
  const { block, starts, lengths } = request;
  const { store, keyspace } = session.node;
  if (lengths[to] > MAX_KEY_BYTES) return false;
  if (store.copyEntry(source, db, block, starts[to], lengths[to]) === 0) return false;
  keyspace.changed(session, db, block, starts[to], lengths[to]);
  return true;
}

/** Moves the entry of the key at argument 1, which exists, to that at argument `to` of a database. */
function moveTo(session: Session, request: Request, db: number, to: number): boolean {
  // An expired entry at the target goes first: that would move the source.
  findIn(session, request, db, to);
  if (!copyTo(session, request, locateKey(session, request, 1), db, to)) return false;
  session.node.store.remove(locateKey(session, request, 1));
  changed(session, request, 1);
  return true;
}

/** The options of COPY; `undefined` after an error reply. */
function copyOptions(session: Session, request: Request): { db: number; replace: boolean } | undefined {
  let db = session.db;
  let replace = false;
  for (let i = 3; i < request.count; i++) {
    if (request.is(i, 'REPLACE')) {
      replace = true;
    } else if (request.is(i, 'DB') && i + 1 < request.count) {
      const target = databaseArgument(session, request, ++i);
      if (target === undefined) return undefined;
      db = target;
    } else {
      session.out.error(errors.syntax);
      return undefined;
    }
  }
  return { db, replace };
}

/** Both modes do the same: emptying is O(1). False after an error reply. */
function flushMode(session: Session, request: Request): boolean {
  if (request.count === 1) return true;
  if (request.count === 2 && (request.is(1, 'SYNC') || request.is(1, 'ASYNC'))) return true;
  session.out.error(errors.syntax);
  return false;
}
