/**
 * CLIENT TRACKING: clients that cache what they read are told when it changes.
 *
 *   default  a read by a tracking client --> table[key] += client id
 *            key changes, expires, is evicted --> a message to each id of table[key], which leaves the table
 *   BCAST    key changes --> gathered per prefix --> at the end of the event one message per prefix and client
 *
 *   message  RESP3: push `invalidate [key]`; with REDIRECT to a RESP2 subscriber: on `__redis__:invalidate`
 *            null instead of the keys: everything (FLUSHALL, FLUSHDB)
 *
 * Invariants
 * - After each read that a client may have cached it is told at least once before the value it has is wrong
 *   for longer than the message takes. It may be told of keys it has long dropped.
 * - The client at work gets its own invalidations after its reply; others get them at once.
 * - Every message counts for the connection it is for, before anything can keep it from being written. So what has
 *   come there is compared with the count that LEASE.PUSHES answers, and a message that was lost is missed.
 * - Databases do not matter: a change in any database invalidates the name, as in Redis.
 *
 * Unlike Redis, SWAPDB tells everyone to drop everything: else clients would keep what has changed places.
 * The table and its bounds: tracking-table.ts.
 */
import { type Block, byteString, type Random } from '../base/index.js';
import { CommandKeys, type ReplyWriter, type Request } from '../resp/index.js';
import { MAX_KEY_BYTES } from '../store/index.js';
import { Broadcasts } from './broadcasts.js';
import type { CacheNode } from './cache-node.js';
import type { Command } from './command.js';
import { Mode, type Session } from './session.js';
import { type Readers, TrackingTable } from './tracking-table.js';

/** What one session has asked for; that it makes sense is checked by CLIENT TRACKING. */
export interface TrackingOptions {
  readonly broadcast: boolean;
  readonly optIn: boolean;
  readonly optOut: boolean;
  readonly noLoop: boolean;
  /** The client whose connection gets the messages; 0 = the session's own. */
  readonly redirect: number;
}

export interface TrackingState extends TrackingOptions {
  /** Of BCAST; '' = every key. */
  readonly prefixes: Set<string>;
  /** What the prefixes take. */
  bytes: number;
  /** CLIENT CACHING was called for the command that follows. */
  caching: boolean;
  /** The client named by `redirect` is gone. */
  brokenRedirect: boolean;
}

/** What a prefix takes beside its bytes, here and in the session, roughly. */
const PREFIX_BYTES = 400;
/** The channel that carries invalidations to RESP2 clients. */
const INVALIDATE_CHANNEL = '__redis__:invalidate';

/** What a client must drop: keys, or everything. */
type Invalidation = readonly string[] | 'everything';

export class Tracking {
  /** Told when the first tracking session comes and the last one goes. */
  onListening: (change: 1 | -1) => void = () => {};
  readonly table: TrackingTable;
  readonly #node: CacheNode;
  readonly #sessions = new Set<Session>();
  readonly #broadcasts = new Broadcasts();
  readonly #keys = new CommandKeys();
  /** What the session at work is to hear, for itself or for another: it waits until the command is answered. */
  readonly #pending: { readonly session: Session; readonly what: Invalidation }[] = [];

  constructor(node: CacheNode, tableBytes: number, random: Random) {
    this.#node = node;
    this.table = new TrackingTable(tableBytes, random, (id) => this.#reader(id) !== undefined);
    this.table.onEvicted = (key, readers) => this.#tellReaders(key, readers);
  }

  get clientCount(): number {
    return this.#sessions.size;
  }

  get prefixCount(): number {
    return this.#broadcasts.prefixCount;
  }

  /** Memory that counts in the node's budget. */
  get usedBytes(): number {
    return this.#sessions.size === 0 ? 0 : this.table.usedBytes;
  }

  // -- who tracks

  /** CLIENT TRACKING ON. Prefixes are added to those the session has. */
  enable(session: Session, options: TrackingOptions, prefixes: readonly string[]): void {
    const before = session.tracking;
    const state: TrackingState = {
      ...options,
      prefixes: before?.prefixes ?? new Set(),
      bytes: before?.bytes ?? 0,
      // CLIENT CACHING holds for the read that follows, whatever is asked of tracking in between.
      caching: before?.caching ?? false,
      brokenRedirect: false,
    };
    session.tracking = state;
    if (options.broadcast) {
      session.modes |= Mode.BROADCAST;
      for (const prefix of prefixes.length > 0 ? prefixes : ['']) {
        if (state.prefixes.has(prefix)) continue;
        state.prefixes.add(prefix);
        state.bytes += PREFIX_BYTES + prefix.length;
        this.#broadcasts.add(session, prefix);
      }
    } else {
      session.modes |= Mode.TRACKING;
    }
    const target = this.#node.sessions.find(options.redirect);
    if (target !== undefined) target.modes |= Mode.REDIRECTED_TO;
    if (this.#sessions.size === 0) this.onListening(1);
    this.#sessions.add(session);
    this.#node.limits.account(session);
  }

  /** CLIENT TRACKING OFF, RESET, or the connection is closed. */
  forget(session: Session): void {
    if (session.tracking === undefined) return;
    this.#broadcasts.remove(session, session.tracking.prefixes);
    session.tracking = undefined;
    this.#node.limits.account(session);
    session.modes &= ~(Mode.TRACKING | Mode.BROADCAST);
    this.#sessions.delete(session);
    if (this.#sessions.size > 0) return;
    // Nobody is left who could be told of anything.
    this.onListening(-1);
    this.table.clear();
    this.#node.accountExternalBytes();
  }

  // -- what was read

  /** Notes the keys that a command of a session in default mode has read. */
  remember(session: Session, command: Command, request: Request): void {
    if (command.spec.keys === undefined || !this.notesReads(session)) return;
    const { block, starts, lengths } = request;
    const count = this.#keys.locate(command.spec, request);
    for (let k = 0; k < count; k++) {
      const i = this.#keys.arguments[k];
      this.#rememberKey(session, block, starts[i], lengths[i]);
    }
    this.#node.accountExternalBytes();
  }

  /** Whether what the session's command reads is to be noted. */
  notesReads(session: Session): boolean {
    const state = session.tracking;
    if (state === undefined || state.broadcast) return false;
    return !(state.optIn && !state.caching) && !(state.optOut && state.caching);
  }

  /** Notes the key at argument i as read by a command that answers later than it was called, when `notesReads` said so. */
  rememberLater(session: Session, request: Request, i: number): void {
    if (session.tracking === undefined || session.tracking.broadcast) return;
    this.#rememberKey(session, request.block, request.starts[i], request.lengths[i]);
    this.#node.accountExternalBytes();
  }

  #rememberKey(session: Session, block: Block, at: number, length: number): void {
    // No key is so long: it is absent for ever.
    if (length > MAX_KEY_BYTES) return;
    if (this.table.add(block, at, length, session.id)) return;
    // So many readers of one key do not fit: it is as if it had changed, for all of them.
    this.#invalidate(block, at, length);
    this.#tell(session, [byteString(block, at, length)]);
  }

  // -- what has changed

  /** A key was changed by `session`, or by expiry or eviction. */
  changed(session: Session | undefined, block: Block, at: number, length: number): void {
    if (this.#broadcasts.prefixCount > 0) this.#broadcasts.changed(session, byteString(block, at, length));
    this.#invalidate(block, at, length);
  }

  /** Everything is gone. */
  flushed(): void {
    this.table.clear();
    for (const session of this.#sessions) this.#tell(session, 'everything');
  }

  /** The command of the session at work is answered: now it may hear of what it changed itself. */
  afterCommand(): void {
    if (this.#pending.length === 0) return;
    for (const { session, what } of this.#pending.splice(0)) {
      if (session.tracking !== undefined) this.#send(session, session.tracking, what);
    }
  }

  get hasBroadcasts(): boolean {
    return this.#broadcasts.hasPending;
  }

  /** Ends an event: tells what was gathered for prefixes. */
  broadcast(): void {
    this.#broadcasts.send((session, keys) => {
      if (session.tracking !== undefined) this.#send(session, session.tracking, keys);
    });
  }

  #invalidate(block: Block, at: number, length: number): void {
    const readers = this.table.take(block, at, length);
    if (readers !== undefined) this.#tellReaders(byteString(block, at, length), readers);
  }

  #tellReaders(key: string, readers: Readers): void {
    const keys = [key];
    const current = this.#node.current;
    for (let i = 0; i < readers.count; i++) {
      const session = this.#reader(readers.id(i));
      if (session === undefined || (session === current && session.tracking?.noLoop === true)) continue;
      this.#tell(session, keys);
    }
  }

  /** The session of an id, if it still tracks in default mode. */
  #reader(id: number): Session | undefined {
    const session = this.#node.sessions.find(id);
    return session !== undefined && (session.modes & Mode.TRACKING) !== 0 ? session : undefined;
  }

  #tell(session: Session, what: Invalidation): void {
    const { tracking } = session;
    if (tracking === undefined) return;
    const { current } = this.#node;
    const isAtWork = session === current || (current !== undefined && tracking.redirect === current.id);
    if (isAtWork) this.#pending.push({ session, what });
    else this.#send(session, tracking, what);
  }

  #send(session: Session, state: TrackingState, what: Invalidation): void {
    const target = state.redirect === 0 ? session : this.#node.sessions.find(state.redirect);
    if (target === undefined) {
      state.brokenRedirect = true;
      if (session.protocol === 3) this.#sayBroken(session, state.redirect);
      return;
    }
    target.invalidations++;
    const isSubscriber = target.subscriptions !== undefined;
    // Redirected, even to itself: a subscriber of RESP2 gets messages.
    if (target.protocol === 2 && (state.redirect === 0 || !isSubscriber)) return;
    if (!this.#node.limits.admitsPush(target, messageBytes(what))) return;
    const out = this.#node.outbox.push(target);
    if (target.protocol === 3) {
      out.push(2);
      out.bulkText('invalidate');
    } else {
      out.array(3);
      out.bulkText('message');
      out.bulkText(INVALIDATE_CHANNEL);
    }
    writeKeys(out, what);
  }

  #sayBroken(session: Session, redirect: number): void {
    const out = this.#node.outbox.push(session);
    out.push(2);
    out.bulkText('tracking-redir-broken');
    out.integer(redirect);
  }
}

function writeKeys(out: ReplyWriter, what: Invalidation): void {
  if (what === 'everything') {
    out.nil();
    return;
  }
  out.array(what.length);
  for (const key of what) out.bulkText(key);
}

/** About how long a message is. */
function messageBytes(what: Invalidation): number {
  let bytes = 64;
  if (what !== 'everything') for (const key of what) bytes += 16 + key.length;
  return bytes;
}
