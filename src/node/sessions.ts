/**
 * All sessions of the node: opening, finding by id, closing.
 *
 * Invariant: a session in the table is not closed, and one that is closed hangs on nothing: no subscription,
 * watch, tracking, block or buffer of it is left. (Its id may still stand in the table of tracked keys, where
 * it is skipped and pruned when met: closing stays O(1) in what it has read.)
 */
import type { Socket } from 'node:net';
import { type ReaderLimits, RequestReader } from '../resp/index.js';
import type { CacheNode } from './cache-node.js';
import { Lingering } from './lingering.js';
import { Hold, Mode, Session } from './session.js';
import type { Wire } from './wire.js';

/** Arguments of one request, as in Redis. */
const MAX_ARGUMENTS = 2 ** 31 - 1;
/** Bytes of an inline request or of a line that says a length, as in Redis. */
const MAX_INLINE_BYTES = 64 * 1024;

export class Sessions {
  /** The node drains: sessions that are finished linger. */
  lingers = false;
  readonly lingering = new Lingering();
  readonly #node: CacheNode;
  readonly #byId = new Map<number, Session>();
  #lastId = 0;
  #limits: ReaderLimits;
  #guestLimits: ReaderLimits;

  constructor(node: CacheNode) {
    this.#node = node;
    this.#limits = this.#readerLimits(false);
    this.#guestLimits = this.#readerLimits(true);
  }

  get size(): number {
    return this.#byId.size;
  }

  find(id: number): Session | undefined {
    return this.#byId.get(id);
  }

  all(): IterableIterator<Session> {
    return this.#byId.values();
  }

  open(socket: Socket, wire: Wire): Session {
    const node = this.#node;
    const guest = node.config.password !== undefined;
    const reader = new RequestReader(guest ? this.#guestLimits : this.#limits, node.blocks);
    const session = new Session(node, ++this.#lastId, socket, wire, reader, node.outbox.idle);
    if (guest) session.modes |= Mode.UNAUTHENTICATED;
    session.isGuest = guest;
    this.#byId.set(session.id, session);
    return session;
  }

  /** The password was given, or none is needed. */
  authenticated(session: Session): void {
    session.isGuest = false;
    this.#admit(session);
  }

  /** RESET: as at the start of the connection. */
  unauthenticated(session: Session): void {
    session.isGuest = true;
    this.#shutOut(session);
  }

  /** The password was changed, set or cleared: guests are let in while there is none, the others stay as they are. */
  passwordChanged(): void {
    const isOpen = this.#node.config.password === undefined;
    for (const session of this.all()) {
      if (!session.isGuest) continue;
      if (isOpen) this.#admit(session);
      else this.#shutOut(session);
    }
  }

  /** `maxBulkBytes` has changed. */
  refreshLimits(): void {
    this.#limits = this.#readerLimits(false);
    this.#guestLimits = this.#readerLimits(true);
    for (const session of this.all()) {
      const guest = (session.modes & Mode.UNAUTHENTICATED) !== 0;
      session.reader.limits = guest ? this.#guestLimits : this.#limits;
    }
  }

  /** Executes nothing more of this session and closes it once its output is sent. */
  closeAfterReply(session: Session): void {
    session.closeAfterReply = true;
    session.holds |= Hold.CLOSING;
  }

  /** Closes at once: unsent output is lost. May be called again. */
  close(session: Session): void {
    if (session.closed) return;
    this.#forget(session);
    session.socket.destroy();
  }

  /** Closes a session whose output is all sent. */
  finish(session: Session): void {
    if (!this.lingers) {
      this.close(session);
    } else if (!session.closed) {
      this.#forget(session);
      this.lingering.add(session.socket, this.#node.clock.monotonicMs());
    }
  }

  closeAll(): void {
    for (const session of [...this.all()]) this.close(session);
    this.lingering.closeAll();
  }

  #forget(session: Session): void {
    session.closed = true;
    session.holds |= Hold.CLOSING;
    this.#byId.delete(session.id);
    const node = this.#node;
    node.pubsub.forget(session);
    node.watches.forget(session);
    node.tracking.forget(session);
    node.leases.forget(session);
    node.monitors.remove(session);
    node.pauses.forget(session);
    node.waits.forget(session);
    node.limits.forget(session);
    session.transaction = undefined;
    session.postponed = undefined;
    session.marks?.clear();
    node.gate?.forget(session);
    node.outbox.drop(session);
  }

  #admit(session: Session): void {
    session.modes &= ~Mode.UNAUTHENTICATED;
    session.reader.limits = this.#limits;
  }

  #shutOut(session: Session): void {
    session.modes |= Mode.UNAUTHENTICATED;
    session.reader.limits = this.#guestLimits;
  }

  #readerLimits(unauthenticated: boolean): ReaderLimits {
    return Object.freeze({
      maxBulkBytes: this.#node.config.maxBulkBytes,
      maxInlineBytes: MAX_INLINE_BYTES,
      maxArguments: MAX_ARGUMENTS,
      unauthenticated,
    });
  }
}
