/** Reading strings, and changing them in place. SET is in set.ts, counters are in numbers.ts. */
import type { CommandName, Request } from '../../resp/index.js';
import { MAX_KEY_BYTES, MAX_VALUE_BYTES, type Ref } from '../../store/index.js';
import type { Handler, Session } from '../session.js';
import { clampRange, integerArgument, range, rangeArguments, rangeIsBackward } from './arguments.js';
import { errors, wrongArity } from './errors.js';
import {
  changed,
  changedPart,
  deletedNothing,
  findKey,
  putValue,
  readKey,
  refuse,
  replyValue,
  resizeValue,
  valueEquals,
} from './values.js';

export const stringHandlers = {
  get(session, request) {
    const ref = readKey(session, request, 1);
    if (ref === 0) {
      session.out.nil();
      return;
    }
    const store = session.node.store;
    replyValue(session.out, store, ref, 0, store.valueLength(ref));
  },

  getdel(session, request) {
    const store = session.node.store;
    const ref = readKey(session, request, 1);
    if (ref === 0) {
      deletedNothing(session, request, 1);
      session.out.nil();
      return;
    }
    replyValue(session.out, store, ref, 0, store.valueLength(ref));
    store.remove(ref);
    changed(session, request, 1);
  },

  delifeq(session, request) {
    const store = session.node.store;
    const ref = findKey(session, request, 1);
    if (ref === 0 || !valueEquals(store, ref, request.block, request.starts[2], request.lengths[2])) {
      session.out.integer(0);
      return;
    }
    store.remove(ref);
    changed(session, request, 1);
    session.out.integer(1);
  },

  mget(session, request) {
    const { out, node } = session;
    out.array(request.count - 1);
    for (let i = 1; i < request.count; i++) {
      const ref = readKey(session, request, i);
      if (ref === 0) out.nil();
      else replyValue(out, node.store, ref, 0, node.store.valueLength(ref));
    }
  },

  mset(session, request) {
    if (request.count % 2 === 0) session.out.error(wrongArity('mset'));
    else if (setAll(session, request)) session.out.ok();
  },

  msetnx(session, request) {
    if (request.count % 2 === 0) {
      session.out.error(wrongArity('msetnx'));
      return;
    }
    for (let i = 1; i < request.count; i += 2) {
      if (findKey(session, request, i) === 0) continue;
      session.out.integer(0);
      return;
    }
    if (setAll(session, request)) session.out.integer(1);
  },

  strlen(session, request) {
    const ref = readKey(session, request, 1);
    session.out.integer(ref === 0 ? 0 : session.node.store.valueLength(ref));
  },

  getrange: replyRange,
  substr: replyRange,

  append(session, request) {
    const ref = findKey(session, request, 1);
    const end = ref === 0 ? 0 : session.node.store.valueLength(ref);
    writeAt(session, request, ref, end, 2);
  },

  setrange(session, request) {
    const offset = integerArgument(session, request, 2);
    if (offset === undefined) return;
    if (offset < 0) {
      session.out.error(errors.offsetOutOfRange);
      return;
    }
    const ref = findKey(session, request, 1);
    if (request.lengths[3] > 0) writeAt(session, request, ref, offset, 3);
    else session.out.integer(ref === 0 ? 0 : session.node.store.valueLength(ref));
  },
} satisfies Partial<Record<CommandName, Handler>>;

/** Sets the pairs from argument 1 on, all or none; replies the error and returns false when one does not fit. */
function setAll(session: Session, request: Request): boolean {
  const { lengths } = request;
  for (let i = 1; i < request.count; i += 2) {
    if (lengths[i] <= MAX_KEY_BYTES && session.node.store.fits(lengths[i], lengths[i + 1])) continue;
    refuse(session, request, i);
    return false;
  }
  for (let i = 1; i < request.count; i += 2) putValue(session, request, i, i + 1, 0);
  return true;
}

function replyRange(session: Session, request: Request): void {
  if (!rangeArguments(session, request, 2)) return;
  const { out, node } = session;
  const ref = readKey(session, request, 1);
  if (ref === 0 || rangeIsBackward() || !clampRange(node.store.valueLength(ref))) out.bulkText('');
  else replyValue(out, node.store, ref, range.start, range.end - range.start + 1);
}

/** Writes argument `i` into the value at `offset`, growing or creating it, and replies the new length. */
function writeAt(session: Session, request: Request, ref: Ref, offset: number, i: number): void {
  const { out } = session;
  const { store } = session.node;
  const length = request.lengths[i];
  const end = offset + length;
  if (end > MAX_VALUE_BYTES) {
    out.error(errors.stringTooLong);
    return;
  }
  const grown = ref !== 0 && end <= store.valueLength(ref) ? ref : resizeValue(session, request, ref, end);
  if (grown === 0) {
    refuse(session, request, 1);
    return;
  }
  store.writeValue(grown, offset, request.block, request.starts[i], length);
  changedPart(session, request, ref, grown, offset, length);
  out.integer(store.valueLength(grown));
}
