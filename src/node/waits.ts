/**
 * Sessions that are blocked in a command until something happens, a time has come, or CLIENT UNBLOCK.
 * A blocked session goes on reading a little, so that a client which leaves is noticed.
 */
import type { CacheNode } from './cache-node.js';
import { type BlockedCommand, Hold, type Session } from './session.js';

export class Waits {
  readonly #node: CacheNode;
  readonly #waiting = new Set<Session>();

  constructor(node: CacheNode) {
    this.#node = node;
  }

  get count(): number {
    return this.#waiting.size;
  }

  /** How many of them have a deadline. */
  get timedCount(): number {
    let count = 0;
    for (const session of this.#waiting) {
      if (session.blocked !== undefined && session.blocked.deadlineMs !== Number.POSITIVE_INFINITY) count++;
    }
    return count;
  }

  block(session: Session, command: BlockedCommand): void {
    session.blocked = command;
    session.holds |= Hold.BLOCKED;
    this.#waiting.add(session);
    if (command.deadlineMs !== Number.POSITIVE_INFINITY) this.#node.cron.wakeAt(command.deadlineMs);
  }

  /** CLIENT UNBLOCK. Returns whether the session was blocked. */
  unblock(session: Session, withError: boolean): boolean {
    const { blocked } = session;
    if (blocked === undefined) return false;
    if (!blocked.isMuted) {
      const out = this.#node.outbox.push(session);
      if (withError) out.error('UNBLOCKED client unblocked via CLIENT UNBLOCK');
      else blocked.timeOut(session);
    }
    this.#release(session);
    return true;
  }

  /** What the session waits for may have come. */
  askAgain(session: Session): void {
    const { blocked } = session;
    if (blocked?.askAgain === undefined) return;
    if (blocked.isMuted || blocked.askAgain()) this.#release(session);
  }

  /** Ends the waits whose time has come. */
  check(nowMs: number): void {
    for (const session of [...this.#waiting]) {
      if (session.blocked !== undefined && session.blocked.deadlineMs <= nowMs) this.unblock(session, false);
    }
  }

  forget(session: Session): void {
    session.blocked = undefined;
    this.#waiting.delete(session);
  }

  #release(session: Session): void {
    this.forget(session);
    session.holds &= ~Hold.BLOCKED;
    this.#node.resumeLater(session);
  }
}
