/**
 * Replies to writes, from their execution until they may leave.
 *
 *   output of a session   [ +OK | :1 | $5 hello | push | +OK ]
 *                           ^     ^                     ^
 *                  marks    │     └ DEL, offset 7       └ SET        a mark: from, to, and the offset that must be confirmed
 *                           └ SET
 *   sent: what stands before the first mark that waits. All behind it waits too, in its order, pushes as well.
 *
 * Before bytes of a mark leave, the lease is asked for: who held it before the write and holds it now was the only writer
 * meanwhile. If it is lost, each reply that is marked becomes -UNCERTAIN in its place: the write was done, and may or may not last. What is not
 * marked (reads, pushes, errors of commands that did nothing) goes on unchanged.
 *
 *   executed ──the lease is held, nothing to confirm──────────> sent
 *      └────── waits for the in-sync set ──confirmed──────────> sent
 *                     └── lease lost, another epoch or role ──> -UNCERTAIN
 *
 * No reply waits longer than the lease lasts. Held bytes are unsent output, so its bounds hold: a session with too much of it
 * executes nothing more for now. Cost of a write: three numbers, forgotten when the event ends.
 */
import { assert } from '../../base/index.js';
import type { ReplyWriter } from '../../resp/index.js';
import type { Outbox } from '../outbox.js';
import type { Session } from '../session.js';
import type { Stats } from '../stats.js';
import type { ClusterMember } from './member.js';

const UNCERTAIN =
  'UNCERTAIN the write was done here, but this node lost its lease before its replicas confirmed it: it may or may not last';
const MINUS = 0x2d;
/** A reply that waits for nothing but the lease. */
const AT_ONCE = -1;
/** What a mark is made of. */
const FROM = 0;
const TO = 1;
const OFFSET = 2;
const FIELDS = 3;
/** For how many there is room from the beginning, and how many are kept room for once they are gone. */
const FIRST_MARKS = 16;
const KEPT_MARKS = 512;

export interface HeldReplyParts {
  readonly outbox: Outbox;
  readonly stats: Stats;
}

/** Those of all sessions. */
export class HeldReplies {
  readonly member: ClusterMember;
  readonly #parts: HeldReplyParts;
  /** Sessions with marks that outlived their event. */
  readonly #lingering = new Set<Session>();

  constructor(member: ClusterMember, parts: HeldReplyParts) {
    this.member = member;
    this.#parts = parts;
  }

  /** Sessions some of whose output waits. */
  get sessionCount(): number {
    return this.#lingering.size;
  }

  /** A command has written: its reply stands in the output from `from` on. With `waits` it is not sent before all have it. */
  mark(session: Session, from: number, waits: boolean): void {
    const { out } = session;
    // Nobody hears it, or it says that nothing was done.
    if (
      session.closed ||
      session.unmuted !== undefined ||
      out.length === from ||
      out.block.bytes[from] === MINUS
    )
      return;
    if (waits) this.member.hurry();
    session.marks ??= new Marks(session, this);
    session.marks.add(from, out.length, waits ? this.member.offset : AT_ONCE);
  }

  /** More is confirmed than before. Whoever waits for more costs a comparison. */
  release(): void {
    const { confirmed } = this.member;
    for (const session of this.#lingering) {
      if (session.marks !== undefined && session.marks.awaited <= confirmed)
        this.#parts.outbox.release(session);
    }
  }

  /** The lease, the epoch or the role is lost: nothing that waits will ever be confirmed. */
  fail(): void {
    for (const session of [...this.#lingering]) {
      session.marks?.fail(session.out);
      this.#parts.outbox.release(session);
    }
  }

  /** What was written under a lease that has ended since is not left waiting. */
  check(): void {
    if (this.#lingering.size > 0 && !this.member.holdsLease()) this.fail();
  }

  lingers(session: Session): void {
    this.#lingering.add(session);
  }

  /** Nothing of it is marked any more, or the session is closed. */
  settled(session: Session): void {
    this.#lingering.delete(session);
  }

  uncertain(): void {
    this.#parts.stats.countError('UNCERTAIN');
  }
}

/** The marks in the output of one session: triples of numbers, the oldest first. */
export class Marks {
  readonly #session: Session;
  readonly #all: HeldReplies;
  #marks = new Float64Array(FIRST_MARKS * FIELDS);
  /** Of the next mark, and of the first that has not been passed. */
  #end = 0;
  #first = 0;
  /** The offset that the last of them waits for. */
  #latest = AT_ONCE;

  constructor(session: Session, all: HeldReplies) {
    this.#session = session;
    this.#all = all;
  }

  /** Memory they take beside those that few replies need. */
  get bytes(): number {
    return this.#marks.byteLength - FIRST_MARKS * FIELDS * 8;
  }

  /** The offset that the first of them waits for. */
  get awaited(): number {
    return this.#end === 0 ? AT_ONCE : this.#marks[this.#first + OFFSET];
  }

  add(from: number, to: number, offset: number): void {
    if (this.#end === this.#marks.length) {
      const grown = new Float64Array(2 * this.#end);
      grown.set(this.#marks);
      this.#marks = grown;
    }
    this.#marks[this.#end + FROM] = from;
    this.#marks[this.#end + TO] = to;
    this.#marks[this.#end + OFFSET] = offset;
    this.#end += FIELDS;
    if (offset > this.#latest) this.#latest = offset;
  }

  /** How much of the output may be sent now; it is sent before anything else happens. */
  sendable(out: ReplyWriter): number {
    if (this.#end === 0) return out.length;
    const { member } = this.#all;
    if (!member.holdsLease()) {
      this.fail(out);
      return out.length;
    }
    const confirmed = this.#latest === AT_ONCE ? AT_ONCE : member.confirmed;
    if (this.#latest <= confirmed) {
      this.clear();
      return out.length;
    }
    while (this.#marks[this.#first + OFFSET] <= confirmed) this.#first += FIELDS;
    this.#all.lingers(this.#session);
    return this.#marks[this.#first + FROM];
  }

  /** The first `bytes` of the output are gone. */
  moved(bytes: number): void {
    if (this.#end === 0) return;
    const marks = this.#marks;
    assert(bytes <= marks[this.#first + FROM], 'what is sent stands before what is held');
    marks.copyWithin(0, this.#first, this.#end);
    this.#end -= this.#first;
    this.#first = 0;
    for (let at = 0; at < this.#end; at += FIELDS) {
      marks[at + FROM] -= bytes;
      marks[at + TO] -= bytes;
    }
  }

  /** Output stays unsent, whatever the reason. */
  lingers(): void {
    if (this.#end > 0) this.#all.lingers(this.#session);
  }

  /** Every marked reply becomes -UNCERTAIN. */
  fail(out: ReplyWriter): void {
    const replies: [from: number, to: number][] = [];
    for (let at = this.#first; at < this.#end; at += FIELDS) {
      replies.push([this.#marks[at + FROM], this.#marks[at + TO]]);
      this.#all.uncertain();
    }
    out.replace(replies, UNCERTAIN);
    this.clear();
  }

  clear(): void {
    this.#end = 0;
    this.#first = 0;
    this.#latest = AT_ONCE;
    if (this.#marks.length > KEPT_MARKS * FIELDS) this.#marks = new Float64Array(FIRST_MARKS * FIELDS);
    this.#all.settled(this.#session);
  }
}
