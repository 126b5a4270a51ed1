/** Load leases, as docs/load-leases.md describes them. The protocol: store/load-leases.ts. */
import type { CommandName, ReplyWriter, Request } from '../../resp/index.js';
import { type AskOptions, type LeaseAnswer, type Loaded, MAX_KEY_BYTES } from '../../store/index.js';
import type { BlockedCommand, Handler, Session } from '../session.js';
import { integerArgument } from './arguments.js';
import { errors } from './errors.js';
import { changed, changedLifetimes, locateKey, refuse, replyValue } from './values.js';

const DEFAULT_LEASE_MS = 5_000;
const MAX_LEASE_MS = 60_000;
/** How long an error is shared when LEASE.FAIL does not say. */
const DEFAULT_ERROR_MS = 1_000;
/** How long anything else in ms may be: 100 years, so that sums with the time stay exact. */
const MAX_MS = 100 * 365 * 86_400_000;
/** Bytes of an error that are shared. */
const MAX_ERROR_BYTES = 1_024;
/** No token is longer. */
const MAX_TOKEN_BYTES = 64;
/** In the place of a token: store, whoever loads. */
const ANY = '*';

export const leaseHandlers = {
  'lease.get': get,
  'lease.fill': fill,

  'lease.fail'(session, request) {
    const { node, out } = session;
    let errorMs: number | undefined = DEFAULT_ERROR_MS;
    if (request.count === 5 || request.count > 6 || (request.count === 6 && !request.is(4, 'PX'))) {
      out.error(errors.syntax);
      return;
    }
    if (request.count === 6) errorMs = msArgument(session, request, 5, 0, MAX_LEASE_MS);
    if (errorMs === undefined) return;
    const { block, starts, lengths } = request;
    const error = request.count > 3 ? request.text(3).slice(0, MAX_ERROR_BYTES) : '';
    const now = node.clock.monotonicMs();
    const token = tokenArgument(request, 2);
    const { table } = node.leases;
    const good = table.fail(session.db, block, starts[1], lengths[1], token, error, errorMs, now);
    out.integer(good ? 1 : 0);
  },

  'lease.renew'(session, request) {
    const { node, out } = session;
    let leaseMs: number | undefined = DEFAULT_LEASE_MS;
    if (request.count !== 3 && (request.count !== 5 || !request.is(3, 'LEASE'))) {
      out.error(errors.syntax);
      return;
    }
    if (request.count === 5) leaseMs = msArgument(session, request, 4, 1, MAX_LEASE_MS);
    if (leaseMs === undefined) return;
    const { block, starts, lengths } = request;
    const now = node.clock.monotonicMs();
    const token = tokenArgument(request, 2);
    const good = node.leases.table.renew(session.db, block, starts[1], lengths[1], token, leaseMs, now);
    out.integer(good ? 1 : 0);
  },

  'lease.expire'(session, request) {
    const { store } = session.node;
    let count = 0;
    for (let i = 1; i < request.count; i++) {
      const ref = locateKey(session, request, i);
      const freshUntil = ref === 0 ? 0 : store.freshUntil(ref);
      // What is stale already stays stale since then. An entry too large for its attributes is not kept at all.
      if (
        ref !== 0 &&
        (freshUntil === 0 || freshUntil > store.now) &&
        store.setFreshUntil(ref, store.now) === 0
      ) {
        store.remove(locateKey(session, request, i));
      }
      changedLifetimes(session, request, i);
      if (ref !== 0) count++;
    }
    session.out.integer(count);
  },

  'lease.void'(session, request) {
    const { node, out } = session;
    const { block, starts, lengths } = request;
    out.integer(node.leases.table.changedPrefix(session.db, block, starts[1], lengths[1]));
    node.accountExternalBytes();
  },

  // Without the lease others may change what was read here, and nobody is told: then the count says nothing.
  'lease.pushes': ({ out, node, invalidations }) => {
    if (node.gate?.unleasedMs() === undefined) out.integer(invalidations);
    else out.nil();
  },
} satisfies Partial<Record<CommandName, Handler>>;

// -- LEASE.GET

const options = { early: false, lookOnly: false, writes: false, waitMs: 0, leaseMs: DEFAULT_LEASE_MS };

/** LEASE.GET key [NOLEASE | EARLY | WRITE] [WAIT ms] [LEASE ms] */
function get(session: Session, request: Request): void {
  if (!parseGetOptions(session, request)) return;
  if (request.lengths[1] > MAX_KEY_BYTES) {
    session.out.error(errors.keyTooLong);
    return;
  }
  if (options.writes) beginWrite(session, request);
  else if (options.waitMs > 0 && !session.inExec) askAndWait(session, request, options.waitMs);
  else replyAnswer(session, ask(session, request, session.protocol === 3));
  session.node.accountExternalBytes();
}

function parseGetOptions(session: Session, request: Request): boolean {
  Object.assign(options, {
    early: false,
    lookOnly: false,
    writes: false,
    waitMs: 0,
    leaseMs: DEFAULT_LEASE_MS,
  });
  let modes = 0;
  for (let i = 2; i < request.count; i++) {
    const hasValue = i + 1 < request.count;
    if (request.is(i, 'NOLEASE')) options.lookOnly = true;
    else if (request.is(i, 'EARLY')) options.early = true;
    else if (request.is(i, 'WRITE')) options.writes = true;
    else if (request.is(i, 'WAIT') && hasValue) {
      const ms = msArgument(session, request, ++i, 1, MAX_MS);
      if (ms === undefined) return false;
      options.waitMs = ms;
      continue;
    } else if (request.is(i, 'LEASE') && hasValue) {
      const ms = msArgument(session, request, ++i, 1, MAX_LEASE_MS);
      if (ms === undefined) return false;
      options.leaseMs = ms;
      continue;
    } else modes = 2;
    modes++;
  }
  if (modes <= 1) return true;
  session.out.error(errors.syntax);
  return false;
}

function ask(
  session: Session,
  request: Request,
  waits: boolean,
  how: Omit<AskOptions, 'waits'> = options,
): LeaseAnswer {
  const { node } = session;
  const { block, starts, lengths } = request;
  const { early, leaseMs } = how;
  // A replica grants nothing: whoever misses there asks the primary.
  const lookOnly = how.lookOnly || node.gate?.isReplica === true;
  const answer = node.leases.table.ask(
    node.leases.clientOf(session),
    session.db,
    block,
    starts[1],
    lengths[1],
    { early, lookOnly, leaseMs, waits },
    node.clock.monotonicMs(),
  );
  if (answer.token !== undefined) node.stats.leaseGrants++;
  return answer;
}

/** Answers now, or when what others do has ended, or when the time is over: then as things are. */
function askAndWait(session: Session, request: Request, waitMs: number): void {
  const { node } = session;
  const answer = ask(session, request, true);
  if (!isAwaited(answer)) {
    replyAnswer(session, answer);
    return;
  }
  node.stats.leaseWaits++;
  const how = { ...options };
  const later = request.copy();
  const command = session.lastCommand;
  // CLIENT CACHING speaks of the command that follows it, whenever that is answered.
  const isTracked = node.tracking.notesReads(session);
  const reply = (waits: boolean): boolean => {
    // The key may have gone to another node meanwhile.
    const elsewhere = command === undefined ? undefined : node.gate?.redirection(session, command, later);
    if (elsewhere !== undefined && elsewhere !== '') {
      node.outbox.push(session).error(elsewhere);
      return true;
    }
    const again = ask(session, later, waits, how);
    if (waits && isAwaited(again)) return false;
    node.outbox.push(session);
    replyAnswer(session, again);
    if (isTracked) node.tracking.rememberLater(session, later, 1);
    return true;
  };
  const blocked: BlockedCommand = {
    deadlineMs: node.clock.monotonicMs() + waitMs,
    isMuted: session.unmuted !== undefined,
    timeOut: () => reply(false),
    askAgain: () => reply(true),
  };
  node.waits.block(session, blocked);
}

function isAwaited(answer: LeaseAnswer): boolean {
  return answer.status === 'wait' || (answer.status === 'stale' && answer.leaseMs > 0);
}

function beginWrite(session: Session, request: Request): void {
  const { node } = session;
  const { block, starts, lengths } = request;
  const ref = locateKey(session, request, 1);
  if (ref !== 0) node.store.remove(ref);
  changed(session, request, 1);
  const token = node.leases.table.askToWrite(
    node.leases.clientOf(session),
    session.db,
    block,
    starts[1],
    lengths[1],
    options.leaseMs,
    node.clock.monotonicMs(),
  );
  if (token !== undefined) node.stats.leaseGrants++;
  replyLoad(session.out, token, options.leaseMs);
}

/** What was not read from a primary under its lease has one element more, its last: for how many ms it may be stale. */
function replyAnswer(session: Session, answer: LeaseAnswer): void {
  const { out } = session;
  const staleMs = session.node.gate?.unleasedMs();
  replyStatus(session, answer, staleMs === undefined ? 0 : 1);
  if (staleMs !== undefined) out.integer(staleMs);
}

/** Status and what belongs to it; `more` elements follow. */
function replyStatus(session: Session, answer: LeaseAnswer, more: 0 | 1): void {
  const { out } = session;
  const { status } = answer;
  switch (status) {
    case 'load':
      replyLoad(out, answer.token, answer.leaseMs, more);
      return;
    case 'wait':
      out.array(2 + more);
      out.bulkText(status);
      out.integer(Math.ceil(answer.leaseMs));
      return;
    case 'miss':
      out.array(1 + more);
      out.bulkText(status);
      return;
    case 'failed':
      out.array((answer.ref === 0 ? 2 : 5) + more);
      out.bulkText(status);
      out.bulkText(answer.error);
      if (answer.ref !== 0) replyEntry(session, answer);
      return;
    default:
      out.array((status === 'hit' ? 4 : 5) + more);
      out.bulkText(status);
      replyEntry(session, answer);
      if (status === 'stale') out.integer(Math.ceil(answer.leaseMs));
      else if (status === 'refresh') replyToken(out, answer.token);
  }
}

/** Value, ms until it is stale or since then, and how long it took to load. */
function replyEntry(session: Session, { ref, ms }: LeaseAnswer): void {
  const { out } = session;
  const { store } = session.node;
  if (store.isAbsent(ref)) out.nil();
  else replyValue(out, store, ref, 0, store.valueLength(ref));
  out.integer(Math.ceil(ms));
  out.integer(store.loadMs(ref));
}

function replyLoad(out: ReplyWriter, token: string | undefined, leaseMs: number, more: 0 | 1 = 0): void {
  out.array(3 + more);
  out.bulkText('load');
  replyToken(out, token);
  out.integer(token === undefined ? 0 : leaseMs);
}

function replyToken(out: ReplyWriter, token: string | undefined): void {
  if (token === undefined) out.nil();
  else out.bulkText(token);
}

// -- LEASE.FILL

const ttl = { expiry: 0, freshUntil: 0, loadMs: 0, isAbsent: false };

/** LEASE.FILL key token value [PX ms] [FRESH ms] [LOAD ms] [ABSENT] */
function fill(session: Session, request: Request): void {
  if (!parseFillOptions(session, request)) return;
  const { node, out } = session;
  const { block, starts, lengths } = request;
  if (lengths[1] > MAX_KEY_BYTES) {
    out.error(errors.keyTooLong);
    return;
  }
  const token = tokenArgument(request, 2);
  const what: Loaded = { value: block, at: starts[3], length: lengths[3], ...ttl };
  const { table } = node.leases;
  const outcome =
    token === ANY
      ? table.put(session.db, block, starts[1], lengths[1], what)
      : table.fill(session.db, block, starts[1], lengths[1], token, what, node.clock.monotonicMs());
  if (outcome === 'accepted') {
    node.stats.leaseFills++;
    changed(session, request, 1);
    out.integer(1);
  } else if (outcome === 'refused') {
    node.stats.leaseRefusals++;
    out.integer(0);
  } else {
    refuse(session, request, 1);
  }
  node.accountExternalBytes();
}

function parseFillOptions(session: Session, request: Request): boolean {
  Object.assign(ttl, { expiry: 0, freshUntil: 0, loadMs: 0, isAbsent: false });
  const { now } = session.node.store;
  for (let i = 4; i < request.count; i++) {
    if (request.is(i, 'ABSENT')) {
      ttl.isAbsent = true;
      continue;
    }
    const isPx = request.is(i, 'PX');
    const isFresh = request.is(i, 'FRESH');
    if ((!isPx && !isFresh && !request.is(i, 'LOAD')) || i + 1 === request.count) {
      session.out.error(errors.syntax);
      return false;
    }
    const ms = msArgument(session, request, ++i, isPx || isFresh ? 1 : 0, MAX_MS);
    if (ms === undefined) return false;
    if (isPx) ttl.expiry = now + ms;
    else if (isFresh) ttl.freshUntil = now + ms;
    else ttl.loadMs = ms;
  }
  return true;
}

// -- arguments

/** Whether this LEASE.FILL is no fill of a lease but writes over what is there. */
export function storesInAnyCase(request: Request): boolean {
  return request.is(2, ANY);
}

/** The token at argument i; one that no lease has if it cannot be any. */
export function tokenArgument(request: Request, i: number): string {
  return request.lengths[i] > MAX_TOKEN_BYTES ? '' : request.text(i);
}

/** A number of ms from `min` to `max`; `undefined` after an error reply. */
function msArgument(
  session: Session,
  request: Request,
  i: number,
  min: number,
  max: number,
): number | undefined {
  const ms = integerArgument(session, request, i);
  if (ms === undefined || (ms >= min && ms <= max)) return ms;
  session.out.error(`ERR ${request.text(i)} ms is out of range: it must be from ${min} to ${max}`);
  return undefined;
}
