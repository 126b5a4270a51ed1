/**
 * SCAN and KEYS.
 *
 * Both gather refs while the store walks its buckets (a walk may not change the store), and write the reply
 * afterwards, when the number of keys is known. The walk passes over what is expired.
 *
 * SCAN's promise (each key that stays is returned, once) is the store's. A call looks at COUNT keys, and at
 * ten times as many buckets at most, whether or not anything matches; COUNT itself is bounded, so that one
 * client cannot stop the others. KEYS is not bounded: it is one reply, and people know what they ask for.
 */
import { type CommandName, type GlobPattern, MAX_TEXT_BYTES, type Request } from '../../resp/index.js';
import type { Ref, Store } from '../../store/index.js';
import type { Handler, Session } from '../session.js';
import { integerArgument, patternArgument } from './arguments.js';
import { errors } from './errors.js';
import { typeName } from './keys.js';
import { scratch } from './values.js';

const DEFAULT_COUNT = 10;
/** About 10 ms of work. */
const MAX_COUNT = 50_000;
/** Buckets a call visits, times COUNT: in a table of many databases most may hold nothing for this one. */
const BUCKETS_PER_KEY = 10;
/** Digits of 2^64 - 1. */
const UINT64_DIGITS = 20;
const MAX_UINT64 = 2n ** 64n - 1n;

export const scanHandlers = {
  scan(session, request) {
    const cursor = cursorArgument(request);
    if (cursor === undefined) {
      session.out.error(errors.invalidCursor);
      return;
    }
    const options = parse(session, request);
    if (options === undefined) return;
    const { out, node } = session;
    const gatherer = new Gatherer(node.store, options.pattern, options.type);
    let next = cursor;
    let buckets = options.count * BUCKETS_PER_KEY;
    do {
      next = node.store.scan(session.db, next, gatherer.visit);
    } while (next !== 0 && --buckets > 0 && gatherer.looked < options.count);
    out.array(2);
    out.bulkText(String(next));
    replyKeys(session, gatherer.found);
  },

  keys(session, request) {
    const { store } = session.node;
    const pattern = patternArgument(session, request, 1);
    if (pattern === undefined) return;
    const gatherer = new Gatherer(store, pattern, undefined);
    let cursor = 0;
    do cursor = store.scan(session.db, cursor, gatherer.visit);
    while (cursor !== 0);
    replyKeys(session, gatherer.found);
  },
} satisfies Partial<Record<CommandName, Handler>>;

/** Keeps what matches of the entries it is shown. */
class Gatherer {
  readonly found: Ref[] = [];
  /** Entries it was shown. */
  looked = 0;
  readonly #store: Store;
  readonly #pattern: GlobPattern | undefined;
  readonly #type: string | undefined;

  constructor(store: Store, pattern: GlobPattern | undefined, type: string | undefined) {
    this.#store = store;
    this.#pattern = pattern?.isAll ? undefined : pattern;
    this.#type = type;
  }

  readonly visit = (ref: Ref): void => {
    this.looked++;
    const store = this.#store;
    if (this.#type !== undefined && typeName(store.type(ref)) !== this.#type) return;
    if (this.#pattern !== undefined) {
      const length = store.keyLength(ref);
      store.copyKey(ref, scratch, 0);
      if (!this.#pattern.matches(scratch, 0, length)) return;
    }
    this.found.push(ref);
  };
}

function replyKeys(session: Session, found: readonly Ref[]): void {
  const { out, node } = session;
  out.array(found.length);
  for (const ref of found) {
    const length = node.store.keyLength(ref);
    const at = out.bulkHeader(length);
    node.store.copyKey(ref, out.block, at);
    out.advance(length);
    out.crlf();
  }
}

interface Options {
  readonly count: number;
  readonly pattern: GlobPattern | undefined;
  readonly type: string | undefined;
}

function parse(session: Session, request: Request): Options | undefined {
  let count = DEFAULT_COUNT;
  let pattern: GlobPattern | undefined;
  let type: string | undefined;
  for (let i = 2; i < request.count; i += 2) {
    const hasValue = i + 1 < request.count;
    if (hasValue && request.is(i, 'COUNT')) {
      const given = integerArgument(session, request, i + 1);
      if (given === undefined) return undefined;
      if (given < 1) {
        session.out.error(errors.syntax);
        return undefined;
      }
      count = Math.min(given, MAX_COUNT);
    } else if (hasValue && request.is(i, 'MATCH')) {
      pattern = patternArgument(session, request, i + 1);
      if (pattern === undefined) return undefined;
    } else if (hasValue && request.is(i, 'TYPE')) {
      type = request.text(i + 1).toLowerCase();
    } else {
      session.out.error(errors.syntax);
      return undefined;
    }
  }
  return { count, pattern, type };
}

/**
 * Any unsigned 64-bit number, as C's strtoul reads it: clients send back what they were given, but some begin
 * with "" or "+0". Cursors of the store have 32 bits; more are ignored.
 */
function cursorArgument(request: Request): number | undefined {
  if (request.lengths[1] > MAX_TEXT_BYTES) return undefined;
  const match = /^([+-]?)(\d*)$/.exec(request.text(1));
  if (!match || (match[1] !== '' && match[2] === '')) return undefined;
  const digits = match[2].replace(/^0+/, '');
  if (digits.length > UINT64_DIGITS) return undefined;
  const value = BigInt(digits);
  if (value > MAX_UINT64) return undefined;
  return Number(BigInt.asUintN(32, match[1] === '-' ? -value : value));
}
