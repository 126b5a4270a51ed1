/**
 * Input: from a chunk of bytes to executed requests.
 *
 *   receive(bytes) --> feed --> [ next --> dispatch ]* --> keep the rest --> end the event: one write
 *                                      |
 *                                      +-- a hold appears (output over the bound, WAIT, CLIENT PAUSE, closing):
 *                                          stop here; `resume` goes on when it is lifted
 *
 * One call of `receive` is one event: the clock is read once, replies are gathered and written once.
 */
import type { Block } from '../base/index.js';
import { FAILED, READY } from '../resp/index.js';
import type { CacheNode } from './cache-node.js';
import { dispatch } from './dispatch.js';
import { FLUSH_BYTES, OutputOverflow } from './outbox.js';
import { Hold, type Session } from './session.js';

export class Intake {
  readonly #node: CacheNode;

  constructor(node: CacheNode) {
    this.#node = node;
  }

  /** Takes what a socket has read: bytes 0 to `end`, which are void afterwards. */
  receive(session: Session, block: Block, end: number): void {
    if ((session.holds & Hold.CLOSING) !== 0) return;
    const node = this.#node;
    node.stats.bytesIn += end;
    session.lastActiveMs = node.tickMs;
    session.reader.feed(block, 0, end);
    if (session.holds !== 0) {
      session.reader.keep();
      node.limits.inputKept(session);
      return;
    }
    node.beginEvent(session);
    this.#execute(session);
    node.endEvent();
  }

  /** A hold was lifted: executes what has waited. Does nothing while another hold is left. */
  resume(session: Session): void {
    if (session.holds !== 0 || session.closed) return;
    const node = this.#node;
    node.beginEvent(session);
    if (session.socket.isPaused()) session.socket.resume();
    this.#execute(session);
    node.endEvent();
  }

  #execute(session: Session): void {
    const outbox = this.#node.outbox;
    const reader = session.reader;
    const request = reader.request;
    outbox.begin(session);
    try {
      if (session.postponed !== undefined) this.#executePostponed(session);
      while (session.holds === 0) {
        const result = reader.next();
        if (result !== READY) {
          if (result === FAILED) this.#refuse(session, reader.error);
          break;
        }
        dispatch(session, request);
        if (session.out.length >= FLUSH_BYTES) outbox.write(session);
      }
    } catch (error) {
      if (!(error instanceof OutputOverflow)) throw error;
      this.#node.limits.overflowed(session);
    }
    if (session.closed) {
      outbox.swallow.reset();
      return;
    }
    reader.keep();
    outbox.end(session);
    if (reader.pendingBytes > 0 || session.accountedBytes > 0) this.#node.limits.inputKept(session);
  }

  #executePostponed(session: Session): void {
    const request = session.postponed;
    session.postponed = undefined;
    if (request !== undefined) dispatch(session, request);
  }

  /** The stream is no protocol of ours: say so, then close. */
  #refuse(session: Session, reason: string): void {
    session.out.error(`ERR ${reason}`);
    this.#node.stats.protocolErrors++;
    this.#node.stats.countError('ERR');
    this.#node.log.debug('client closed: protocol error', {
      client: session.id,
      address: session.address,
      reason,
    });
    this.#node.sessions.closeAfterReply(session);
  }
}
