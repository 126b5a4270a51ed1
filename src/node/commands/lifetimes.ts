/** Lifetimes: EXPIRE and its relatives. Inside all are points in time, ms since the epoch; 0 is none. */
import type { CommandName, ReplyWriter, Request } from '../../resp/index.js';
import type { Handler, Session } from '../session.js';
import { expiryArgument, TimeUnit } from './arguments.js';
import { errors, unsupportedOption } from './errors.js';
import { changedLifetimes, findKey, peekKey, refuse } from './values.js';

export const lifetimeHandlers = {
  expire(session, request) {
    expire(session, request, TimeUnit.SECONDS, session.node.store.now, 'expire');
  },

  pexpire(session, request) {
    expire(session, request, TimeUnit.MILLISECONDS, session.node.store.now, 'pexpire');
  },

  expireat(session, request) {
    expire(session, request, TimeUnit.SECONDS, 0, 'expireat');
  },

  pexpireat(session, request) {
    expire(session, request, TimeUnit.MILLISECONDS, 0, 'pexpireat');
  },

  ttl(session, request) {
    replyLifetime(session, request, TimeUnit.SECONDS, session.node.store.now);
  },

  pttl(session, request) {
    replyLifetime(session, request, TimeUnit.MILLISECONDS, session.node.store.now);
  },

  expiretime(session, request) {
    replyLifetime(session, request, TimeUnit.SECONDS, 0);
  },

  pexpiretime(session, request) {
    replyLifetime(session, request, TimeUnit.MILLISECONDS, 0);
  },

  persist(session, request) {
    const { out, node } = session;
    const ref = findKey(session, request, 1);
    if (ref === 0 || node.store.expiry(ref) === 0) {
      out.integer(0);
      return;
    }
    if (node.store.setExpiry(ref, 0) === 0) {
      refuse(session, request, 1);
      return;
    }
    changedLifetimes(session, request, 1);
    out.integer(1);
  },
} satisfies Partial<Record<CommandName, Handler>>;

const NX = 1;
const XX = 2;
const GT = 4;
const LT = 8;

function expire(session: Session, request: Request, unit: TimeUnit, base: number, command: string): void {
  const { out, node } = session;
  const { store } = node;
  const conditions = parseConditions(request);
  if (typeof conditions === 'string') {
    out.error(conditions);
    return;
  }
  const expiry = expiryArgument(session, request, 2, unit, base, command);
  if (expiry === undefined) return;
  const ref = findKey(session, request, 1);
  if (ref === 0 || !conditionsHold(conditions, store.expiry(ref), expiry)) {
    out.integer(0);
    return;
  }
  if (expiry <= store.now) store.remove(ref);
  else if (store.setExpiry(ref, expiry) === 0) {
    refuse(session, request, 1);
    return;
  }
  changedLifetimes(session, request, 1);
  out.integer(1);
}

/** The conditions as flags, or the error. */
function parseConditions(request: Request): number | string {
  let conditions = 0;
  for (let i = 3; i < request.count; i++) {
    const condition = conditionAt(request, i);
    if (condition === 0) return unsupportedOption(request.text(i));
    conditions |= condition;
  }
  if ((conditions & NX) !== 0 && conditions !== NX) return errors.expireNxAndOthers;
  return (conditions & (GT | LT)) === (GT | LT) ? errors.expireGtAndLt : conditions;
}

function conditionAt(request: Request, i: number): number {
  if (request.is(i, 'NX')) return NX;
  if (request.is(i, 'XX')) return XX;
  if (request.is(i, 'GT')) return GT;
  return request.is(i, 'LT') ? LT : 0;
}

/** No lifetime counts as one that never ends. */
function conditionsHold(conditions: number, old: number, fresh: number): boolean {
  if ((conditions & NX) !== 0 && old !== 0) return false;
  if ((conditions & XX) !== 0 && old === 0) return false;
  if ((conditions & GT) !== 0 && (old === 0 || fresh <= old)) return false;
  return (conditions & LT) === 0 || old === 0 || fresh < old;
}

/** -2: no key. -1: no lifetime. Seconds are rounded to the nearest. */
function replyLifetime(session: Session, request: Request, unit: TimeUnit, base: number): void {
  const { out, node } = session;
  const ref = peekKey(session, request, 1);
  const expiry = ref === 0 ? 0 : node.store.expiry(ref);
  if (ref === 0) out.integer(-2);
  else if (expiry === 0) out.integer(-1);
  else replyTime(out, Math.max(0, expiry - base), unit);
}

function replyTime(out: ReplyWriter, ms: number, unit: TimeUnit): void {
  const time = unit === TimeUnit.SECONDS ? Math.floor((ms + 500) / 1000) : ms;
  if (Number.isSafeInteger(time)) out.integer(time);
  else out.bigInteger(BigInt(time));
}
