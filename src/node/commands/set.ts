/**
 * SET and its older forms, and GETEX, which shares its options.
 *
 * A plain SET takes the short way: three arguments, one call of the store. Options are parsed only when there
 * are any, into one record that is used again for every command (handlers are synchronous).
 */
import type { CommandName, Request } from '../../resp/index.js';
import type { Ref } from '../../store/index.js';
import type { Handler, Session } from '../session.js';
import { lifetimeArgument, TimeUnit } from './arguments.js';
import { errors } from './errors.js';
import { changedLifetimes, findKey, putValue, readKey, refuse, replyValue, valueEquals } from './values.js';

export const setHandlers = {
  set(session, request) {
    if (request.count > 3) setWithOptions(session, request);
    else if (putValue(session, request, 1, 2, 0)) session.out.ok();
    else refuse(session, request, 1);
  },

  setnx(session, request) {
    if (findKey(session, request, 1) !== 0) session.out.integer(0);
    else if (putValue(session, request, 1, 2, 0)) session.out.integer(1);
    else refuse(session, request, 1);
  },

  setex(session, request) {
    setWithLifetime(session, request, TimeUnit.SECONDS, 'setex');
  },

  psetex(session, request) {
    setWithLifetime(session, request, TimeUnit.MILLISECONDS, 'psetex');
  },

  getset(session, request) {
    const mark = session.out.length;
    replyOldValue(session, readKey(session, request, 1));
    putUnder(session, request, mark, 0);
  },

  getex(session, request) {
    if (!parseOptions(request, 2, GETEX_OPTIONS)) {
      session.out.error(errors.syntax);
      return;
    }
    const ref = readKey(session, request, 1);
    if (ref === 0) {
      session.out.nil();
      return;
    }
    if (options.lifetimeAt === 0 && (options.flags & PERSIST) === 0) {
      replyOldValue(session, ref);
      return;
    }
    const expiry = options.lifetimeAt === 0 ? 0 : optionLifetime(session, request, 'getex');
    if (expiry !== undefined) getAndSetExpiry(session, request, ref, expiry);
  },
} satisfies Partial<Record<CommandName, Handler>>;

const NX = 1;
const XX = 2;
const IFEQ = 4;
const GET = 8;
const KEEPTTL = 16;
const PERSIST = 32;
const EX = 64;
const PX = 128;
const EXAT = 256;
const PXAT = 512;

const CONDITIONS = NX | XX | IFEQ;
const LIFETIMES = EX | PX | EXAT | PXAT;
const SET_OPTIONS = CONDITIONS | GET | KEEPTTL | LIFETIMES;
const GETEX_OPTIONS = PERSIST | LIFETIMES;

/** The options of the command at hand: flags, and the arguments where a lifetime and a comparison stand. */
const options = { flags: 0, lifetimeAt: 0, comparisonAt: 0 };

/** Parses the options from argument `from` on; false when one is unknown, not allowed or contradicts another. */
function parseOptions(request: Request, from: number, allowed: number): boolean {
  options.flags = 0;
  options.lifetimeAt = 0;
  options.comparisonAt = 0;
  for (let i = from; i < request.count; i++) {
    const option = optionAt(request, i) & allowed;
    // The same option twice is allowed, the last one counts; another of its kind is not. IFEQ stands once.
    const others = excludedBy(option) & ~(option === IFEQ ? 0 : option);
    if (option === 0 || (options.flags & others) !== 0) return false;
    options.flags |= option;
    if ((option & (LIFETIMES | IFEQ)) === 0) continue;
    if (++i === request.count) return false;
    if (option === IFEQ) options.comparisonAt = i;
    else options.lifetimeAt = i;
  }
  return true;
}

function excludedBy(option: number): number {
  if ((option & CONDITIONS) !== 0) return CONDITIONS;
  return option === GET ? 0 : KEEPTTL | PERSIST | LIFETIMES;
}

function optionAt(request: Request, i: number): number {
  if (request.is(i, 'EX')) return EX;
  if (request.is(i, 'PX')) return PX;
  if (request.is(i, 'NX')) return NX;
  if (request.is(i, 'XX')) return XX;
  if (request.is(i, 'GET')) return GET;
  if (request.is(i, 'KEEPTTL')) return KEEPTTL;
  if (request.is(i, 'EXAT')) return EXAT;
  if (request.is(i, 'PXAT')) return PXAT;
  if (request.is(i, 'IFEQ')) return IFEQ;
  return request.is(i, 'PERSIST') ? PERSIST : 0;
}

/** The lifetime among the options as ms since the epoch; `undefined` after an error reply. */
function optionLifetime(session: Session, request: Request, command: string): number | undefined {
  const unit = (options.flags & (EX | EXAT)) !== 0 ? TimeUnit.SECONDS : TimeUnit.MILLISECONDS;
  const base = (options.flags & (EX | PX)) !== 0 ? session.node.store.now : 0;
  return lifetimeArgument(session, request, options.lifetimeAt, unit, base, command);
}

function setWithOptions(session: Session, request: Request): void {
  if (!parseOptions(request, 3, SET_OPTIONS)) {
    session.out.error(errors.syntax);
    return;
  }
  const flags = options.flags;
  let expiry = 0;
  if (options.lifetimeAt !== 0) {
    const lifetime = optionLifetime(session, request, 'set');
    if (lifetime === undefined) return;
    expiry = lifetime;
  }
  if ((flags & ~LIFETIMES) === 0) {
    if (putValue(session, request, 1, 2, expiry)) session.out.ok();
    else refuse(session, request, 1);
    return;
  }
  const out = session.out;
  const mark = out.length;
  const replyOld = (flags & GET) !== 0;
  const ref = replyOld ? readKey(session, request, 1) : findKey(session, request, 1);
  if (replyOld) replyOldValue(session, ref);
  if (!conditionHolds(session, request, ref)) {
    if (!replyOld) out.nil();
    return;
  }
  if ((flags & KEEPTTL) !== 0 && ref !== 0) expiry = session.node.store.expiry(ref);
  if (replyOld) putUnder(session, request, mark, expiry);
  else if (putValue(session, request, 1, 2, expiry)) out.ok();
  else refuse(session, request, 1);
}

/** Whether the old entry is as NX, XX or IFEQ want it. */
function conditionHolds(session: Session, request: Request, ref: Ref): boolean {
  const flags = options.flags;
  if ((flags & CONDITIONS) === 0) return true;
  if ((flags & NX) !== 0) return ref === 0;
  if (ref === 0 || (flags & XX) !== 0) return ref !== 0;
  const at = options.comparisonAt;
  return valueEquals(session.node.store, ref, request.block, request.starts[at], request.lengths[at]);
}

function setWithLifetime(session: Session, request: Request, unit: TimeUnit, command: string): void {
  const expiry = lifetimeArgument(session, request, 2, unit, session.node.store.now, command);
  if (expiry === undefined) return;
  if (putValue(session, request, 1, 3, expiry)) session.out.ok();
  else refuse(session, request, 1);
}

/** Stores argument 2 when the old value is replied already, from `mark` on; an error takes its place. */
function putUnder(session: Session, request: Request, mark: number, expiry: number): void {
  if (putValue(session, request, 1, 2, expiry)) return;
  session.out.truncate(mark);
  refuse(session, request, 1);
}

function replyOldValue(session: Session, ref: Ref): void {
  const store = session.node.store;
  if (ref === 0) session.out.nil();
  else replyValue(session.out, store, ref, 0, store.valueLength(ref));
}

function getAndSetExpiry(session: Session, request: Request, ref: Ref, expiry: number): void {
  const { store } = session.node;
  const mark = session.out.length;
  replyOldValue(session, ref);
  if (expiry !== 0 && expiry <= store.now) store.remove(ref);
  else if (expiry === 0 && store.expiry(ref) === 0) return;
  else if (store.setExpiry(ref, expiry) === 0) {
    session.out.truncate(mark);
    refuse(session, request, 1);
    return;
  }
  changedLifetimes(session, request, 1);
}
