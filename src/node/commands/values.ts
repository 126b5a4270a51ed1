/**
 * From a request's keys to the store and back to the reply: the few lines that most handlers begin and end with.
 *
 *   readKey    what a client reads: counts a hit or a miss, and the entry becomes the one used last
 *   peekKey    what a client asks about (EXISTS, TTL, TYPE): counts, but leaves the order of eviction alone
 *   findKey    what a command looks up in order to change it: does not count, and becomes the one used last, so
 *              that a lock is not evicted while others try to take it
 *   locateKey  neither: what is deleted, or was looked up before
 *
 * A ref is void after any change of the store, and looking up another key is one if it finds it expired. So a
 * handler that needs two entries looks both up first and then each again before its use.
 */
import { Block, equalBytes } from '../../base/index.js';
import type { ReplyWriter, Request } from '../../resp/index.js';
import { MAX_KEY_BYTES, type Ref, type Store } from '../../store/index.js';
import { Mode, type Session } from '../session.js';
import { errors } from './errors.js';

/** Bytes of a value looked at in one go. Of the block only what was used takes memory. */
export const SCRATCH_BYTES = 1024 * 1024;
/** For use within one handler: nothing in it outlives a call that might use it as well. */
export const scratch = Block.ofLength(SCRATCH_BYTES);

export function readKey(session: Session, request: Request, i: number): Ref {
  if ((session.modes & Mode.NO_TOUCH) !== 0) return peekKey(session, request, i);
  return session.node.store.read(session.db, request.block, request.starts[i], request.lengths[i]);
}

export function peekKey(session: Session, request: Request, i: number): Ref {
  const store = session.node.store;
  const ref = store.find(session.db, request.block, request.starts[i], request.lengths[i]);
  if (ref === 0) store.stats.misses++;
  else store.stats.hits++;
  return ref;
}

export function findKey(session: Session, request: Request, i: number): Ref {
  const ref = locateKey(session, request, i);
  if (ref !== 0 && (session.modes & Mode.NO_TOUCH) === 0) session.node.store.touch(ref);
  return ref;
}

export function locateKey(session: Session, request: Request, i: number): Ref {
  return session.node.store.find(session.db, request.block, request.starts[i], request.lengths[i]);
}

/** Tells those who watch or track it that the key at argument i was changed. */
export function changed(session: Session, request: Request, i: number): void {
  session.node.keyspace.changed(session, session.db, request.block, request.starts[i], request.lengths[i]);
}

const part = { at: 0, length: 0 };

/**
 * `changed` of the key at argument 1, which is `ref` now, after bytes of its value were written. `before`: what it was, 0 when it was not
 * there.
 */
export function changedPart(
  session: Session,
  request: Request,
  before: Ref,
  ref: Ref,
  at: number,
  length: number,
): void {
  part.at = at;
  part.length = length;
  const { block, starts, lengths } = request;
  const known = before === 0 ? undefined : part;
  session.node.keyspace.changed(session, session.db, block, starts[1], lengths[1], ref, known);
}

/** `changed`, after nothing became another but the lifetimes of the entry at argument i, if it is there. */
export function changedLifetimes(session: Session, request: Request, i: number): void {
  const { block, starts, lengths } = request;
  session.node.keyspace.changed(session, session.db, block, starts[i], lengths[i], undefined, 'lifetimes');
}

/** Tells those who load it that the key at argument i, which is not there, was deleted. */
export function deletedNothing(session: Session, request: Request, i: number): void {
  const { block, starts, lengths } = request;
  session.node.keyspace.deletedNothing(session.db, block, starts[i], lengths[i]);
}

/**
 * Stores argument `valueAt` under argument `keyAt` and tells those who watch it; false when it does not fit,
 * and then nothing was changed: the reply is `refuse`.
 */
export function putValue(
  session: Session,
  request: Request,
  keyAt: number,
  valueAt: number,
  expiry: number,
): boolean {
  return putBytes(
    session,
    request,
    keyAt,
    request.block,
    request.starts[valueAt],
    request.lengths[valueAt],
    expiry,
  );
}

/** `putValue` with a value that stands elsewhere than in the request. */
export function putBytes(
  session: Session,
  request: Request,
  keyAt: number,
  value: Block,
  valueAt: number,
  valueLength: number,
  expiry: number,
): boolean {
  const { block, starts, lengths } = request;
  const { store, keyspace } = session.node;
  const db = session.db;
  const at = starts[keyAt];
  const length = lengths[keyAt];
  if (length > MAX_KEY_BYTES) return false;
  const ref = store.set(db, block, at, length, value, valueAt, valueLength, expiry);
  if (ref === 0) return false;
  keyspace.changed(session, db, block, at, length, ref);
  return true;
}

/**
 * Makes the value of argument 1 `length` bytes long, filled up with zeros; creates it when `ref` is 0. Returns
 * where it is; 0 when it does not fit, and then nothing was changed: the reply is `refuse`.
 */
export function resizeValue(session: Session, request: Request, ref: Ref, length: number): Ref {
  const { store } = session.node;
  if (ref !== 0) return store.resizeValue(ref, length);
  const keyLength = request.lengths[1];
  if (keyLength > MAX_KEY_BYTES || !store.fits(keyLength, length)) return 0;
  const fresh = store.set(session.db, request.block, request.starts[1], keyLength, scratch, 0, 0, 0);
  return store.resizeValue(fresh, length);
}

/** The reply when there is no room for an entry under the key at argument i. */
export function refuse(session: Session, request: Request, i: number): void {
  session.out.error(request.lengths[i] > MAX_KEY_BYTES ? errors.keyTooLong : errors.outOfMemory);
}

/** Replies `length` bytes of a value from `from` on. */
export function replyValue(out: ReplyWriter, store: Store, ref: Ref, from: number, length: number): void {
  const at = out.bulkHeader(length);
  store.copyValue(ref, from, length, out.block, at);
  out.advance(length);
  out.crlf();
}

/** Whether a value is exactly these bytes. */
export function valueEquals(store: Store, ref: Ref, block: Block, at: number, length: number): boolean {
  if (store.valueLength(ref) !== length) return false;
  for (let done = 0; done < length; done += SCRATCH_BYTES) {
    const count = Math.min(SCRATCH_BYTES, length - done);
    store.copyValue(ref, done, count, scratch, 0);
    if (!equalBytes(scratch, 0, block, at + done, count)) return false;
  }
  return true;
}

/** Copies the value of the key at argument i, "" if there is none, to a block of its own. */
export function copyOfValue(session: Session, request: Request, i: number): Block {
  const store = session.node.store;
  const ref = locateKey(session, request, i);
  const length = ref === 0 ? 0 : store.valueLength(ref);
  const copy = Block.ofLength(length);
  if (length > 0) store.copyValue(ref, 0, length, copy, 0);
  return copy;
}
