/**
 * Output: from the handlers' writers to the sockets.
 *
 *   pool --begin--> session.out --write--> wire.write(view) -- all taken by the kernel --> end --> pool
 *                        ^                       |
 *                        |                  not all taken
 *                        |                       v
 *                  gathers what comes      the wire holds the bytes until it calls back,
 *                  meanwhile <------------ then what has gathered is written
 *
 * A wire tries the kernel at once. If it took everything, the very same buffer serves the next event: no
 * copy, no allocation.
 *
 * Invariants
 * - At most one write is under way per session. So the bytes a client has not read are exactly
 *   `inFlightBytes + out.length`, and many small pushes to a slow client do not pin many large buffers.
 * - After an event no session is dirty, and a session without unsent output owns no buffer.
 *
 * In a cluster output behind the reply to a write may have to wait, and gathers in the same buffer: cluster/held-replies.ts.
 *
 * Bounds (limits.ts): requests of a client wait while its unsent output is over `outputPauseBytes`; pushes
 * cannot wait, so a client over its class's limit is closed.
 */
import { Block } from '../base/index.js';
import {
  type BlockPool,
  type BlockSource,
  freshBlocks,
  LARGEST_POOLED_BYTES,
  ReplyWriter,
} from '../resp/index.js';
import { Hold, NO_BLOCK, type Session } from './session.js';

/** First size of a pooled buffer: the replies of an ordinary event fit. */
const INITIAL_BYTES = 16 * 1024;
/** A buffer that has grown beyond this is not kept: one large reply must not pin memory. */
const KEPT_BYTES = 512 * 1024;
/** Buffers kept for later events. Only events with pushes need more than one. */
const KEPT_BUFFERS = 16;
/** Within an event output is handed over in pieces of about this size, while it is still in the CPU's cache. */
export const FLUSH_BYTES = 256 * 1024;
/** No single writer grows beyond this: the largest transaction's replies, and the largest value behind them. */
const MAX_WRITER_BYTES = 1536 * 1024 * 1024;

/** A reply would need more memory than a client may take. The client is closed; see intake.ts. */
export class OutputOverflow extends Error {
  constructor(bytes: number) {
    super(`replies of ${bytes} bytes are more than ${MAX_WRITER_BYTES}`);
    this.name = 'OutputOverflow';
  }
}

/** What follows from the state of a session's output. */
export interface OutputOwner {
  /** A client has unsent output. */
  outputGrew(session: Session): void;
  /** The client has taken everything. */
  outputDrained(session: Session): void;
  /** All is sent, and the session wanted to be closed then. */
  outputFinished(session: Session): void;
}

export class Outbox {
  /** Has no room and takes no reply: what `session.out` is while nothing is being written. */
  readonly idle: ReplyWriter = new ReplyWriter(freshBlocks, 0);
  /** Takes the replies to muted and closed sessions; nobody reads it. */
  readonly swallow: ReplyWriter;
  bytesOut = 0;
  readonly #owner: OutputOwner;
  readonly #blocks: BlockSource;
  readonly #free: ReplyWriter[] = [];
  readonly #dirty: Session[] = [];

  constructor(owner: OutputOwner, pool: BlockPool) {
    this.#owner = owner;
    this.#blocks = new ReplyBlocks(pool);
    this.swallow = new ReplyWriter(this.#blocks, INITIAL_BYTES);
  }

  /** Gives the session a writer for the replies of the event that begins. */
  begin(session: Session): void {
    if (session.out !== this.idle) return;
    const writer = this.#free.pop() ?? new ReplyWriter(this.#blocks, INITIAL_BYTES);
    writer.protocol = session.protocol;
    session.out = writer;
  }

  /** The writer for a push to any session; it is flushed when the event at hand ends. */
  push(session: Session): ReplyWriter {
    this.begin(session);
    if (!session.dirty) {
      session.dirty = true;
      this.#dirty.push(session);
    }
    return session.deferred ?? session.unmuted ?? session.out;
  }

  /** Keeps what many pushes have gathered within one event from growing beyond need. */
  relieve(session: Session): void {
    if (
      session.out.length >= FLUSH_BYTES &&
      session.deferred === undefined &&
      session.unmuted === undefined
    ) {
      this.write(session);
    }
  }

  /** EXEC begins: pushes to its session wait, as they must not stand within its reply. */
  defer(session: Session): void {
    const writer = this.#free.pop() ?? new ReplyWriter(this.#blocks, INITIAL_BYTES);
    writer.protocol = session.protocol;
    session.deferred = writer;
  }

  /** EXEC has written its reply. */
  undefer(session: Session): void {
    const writer = session.deferred;
    if (writer === undefined) return;
    session.deferred = undefined;
    (session.unmuted ?? session.out).raw(writer.block, 0, writer.length);
    this.#giveBack(writer);
  }

  /** Replies of the request at hand go nowhere; pushes still go to the client. */
  mute(session: Session): void {
    session.unmuted = session.out;
    this.swallow.protocol = session.protocol;
    session.out = this.swallow;
  }

  /** Ends `mute`. May be called by the request itself, whose reply is then heard. */
  unmute(session: Session): void {
    if (session.unmuted === undefined) return;
    session.out = session.unmuted;
    session.unmuted = undefined;
    this.swallow.reset();
  }

  /** Hands gathered output to the socket, unless a write is under way. The session keeps its writer. */
  write(session: Session): void {
    const writer = session.out;
    const { marks } = session;
    if (writer.length === 0 || session.closed) return;
    if (session.inFlightBytes === 0) {
      // A broken socket takes everything at once: without this all that waits would be executed for nobody,
      // before its 'close' event has a turn.
      if (!session.socket.writable) {
        this.#owner.outputFinished(session);
        return;
      }
      const length = marks === undefined ? writer.length : marks.sendable(writer);
      if (length > 0) this.#hand(session, length);
      if (writer.length === 0 && session.inFlightBytes === 0) return;
    }
    marks?.lingers();
    this.#owner.outputGrew(session);
  }

  /** What was held back of its output may go. */
  release(session: Session): void {
    this.write(session);
    if (this.#settle(session) && !session.closeAfterReply) this.#owner.outputDrained(session);
  }

  /** Ends an event for a session: sends, and gives the writer back if nothing is left. */
  end(session: Session): void {
    this.write(session);
    this.#settle(session);
  }

  /** Ends the event for all sessions that were pushed to. */
  endPushes(): void {
    const dirty = this.#dirty;
    for (let i = 0; i < dirty.length; i++) {
      const session = dirty[i];
      session.dirty = false;
      // With the push all may go that was held back; then the session goes on.
      if ((session.holds & Hold.OUTPUT) !== 0) this.release(session);
      else this.end(session);
    }
    dirty.length = 0;
  }

  get hasPushes(): boolean {
    return this.#dirty.length > 0;
  }

  /** The wire holds nothing any more. */
  sent(session: Session): void {
    if (session.inFlightBytes === 0 || session.closed) return;
    session.inFlightBytes = 0;
    this.#blocks.give(session.inFlight);
    session.inFlight = NO_BLOCK;
    this.release(session);
  }

  /** The session is gone: what it had to say is dropped. */
  drop(session: Session): void {
    session.inFlightBytes = 0;
    session.inFlight = NO_BLOCK;
    this.unmute(session);
    this.#release(session);
    // The handler at work may still write to it.
    session.out = this.swallow;
  }

  /** The first `length` bytes of the output go to the wire. */
  #hand(session: Session, length: number): void {
    const writer = session.out;
    this.bytesOut += length;
    if (session.wire.write(writer.written(length))) {
      writer.drop(length);
    } else {
      session.inFlightBytes = length;
      session.inFlight = writer.renew(length);
    }
    session.marks?.moved(length);
  }

  /** Returns whether everything is sent. */
  #settle(session: Session): boolean {
    if (session.closed) {
      this.swallow.reset();
      return false;
    }
    if (session.inFlightBytes > 0 || session.out.length > 0) return false;
    this.#release(session);
    if (session.closeAfterReply) this.#owner.outputFinished(session);
    return true;
  }

  #release(session: Session): void {
    const writer = session.out;
    if (writer === this.idle) return;
    session.out = this.idle;
    this.#giveBack(writer);
  }

  #giveBack(writer: ReplyWriter): void {
    writer.truncate(0);
    if (this.#free.length < KEPT_BUFFERS && writer.block.bytes.length <= KEPT_BYTES) this.#free.push(writer);
    else this.#blocks.give(writer.block);
  }
}

/** Bytes of a session's output that its client has not taken yet, and what is known of them. */
export function unsentBytes(session: Session): number {
  return session.inFlightBytes + session.out.length + (session.marks?.bytes ?? 0);
}

/** Blocks of replies: from the pool, and beyond its sizes new ones that are not filled with zeros first. */
class ReplyBlocks implements BlockSource {
  readonly #pool: BlockPool;

  constructor(pool: BlockPool) {
    this.#pool = pool;
  }

  take(bytes: number, least = bytes): Block {
    if (bytes <= LARGEST_POOLED_BYTES) return this.#pool.take(bytes);
    if (least > MAX_WRITER_BYTES) throw new OutputOverflow(least);
    return new Block(Buffer.allocUnsafeSlow(Math.min(bytes, MAX_WRITER_BYTES)));
  }

  give(block: Block): void {
    this.#pool.give(block);
  }
}
