/**
 * Calls that wait for their answers, oldest first: a ring that grows.
 *
 *   slots   [ . ][ c7 ][ c8 ][ c9 ][ . ]     the objects stay in their slots and are used again
 *                  ^first            ^next
 *
 * Answers come in the order of the calls, so the first slot is always the one that is answered next. A call
 * whose deadline has passed stays in its place, settled, until its answer has come and gone: skipped, or read as its
 * `late` says. The caller of `shift` must be done with the object before the next `push`.
 */
import { NOT_IN_WHEEL, type WheelItem } from '../../base/index.js';
import type { BulkDecoder } from '../../resp/index.js';
import { skipBulk } from '../bulk-decoders.js';

export type Settle = (value: unknown) => void;

/** How an answer is read that comes after the deadline, when its caller has gone. */
export interface LateAnswer {
  readonly decode: BulkDecoder<unknown>;
  readonly take: (reply: unknown) => void;
}

/** What a call asks for besides its command. Without `decode`: bytes of their own. */
export interface LinkCall {
  /** Default: that of the connection. */
  readonly deadlineMs?: number | undefined;
  readonly decode?: BulkDecoder<unknown> | undefined;
  /** Makes the result of the whole answer, at its place in the stream. What it throws is the call's error. */
  readonly take?: ((reply: unknown) => unknown) | undefined;
  /** Makes the result of an error. It is called later and not where the error was made, so it may call again. */
  readonly failed?: ((error: unknown) => unknown) | undefined;
  /** Reads an answer that comes after the deadline. Default: it is skipped. */
  readonly late?: LateAnswer | undefined;
  /** Of commands that are answered by a push: its kind. */
  readonly pushKind?: string | undefined;
}

/** Of a call whose caller has gone. */
const skipped: LinkCall = Object.freeze({ decode: skipBulk });

export class PendingCall implements WheelItem<PendingCall> {
  wheelSlot = NOT_IN_WHEEL;
  wheelTick = 0;
  wheelPrevious: PendingCall | undefined;
  wheelNext: PendingCall | undefined;

  /** Its name, for messages. */
  command = '';
  sentMs = 0;
  deadlineMs = 0;
  /** Bytes of the command. */
  bytes = 0;
  what: LinkCall = skipped;
  /** Of `what`, but it outlives the deadline: such an answer must be known when it comes. */
  pushKind: string | undefined;
  /** Both undefined once the call is settled. */
  resolve: Settle | undefined;
  reject: Settle | undefined;

  /** Lets go of all that belongs to the caller; an answer that comes later is skipped. */
  settle(): void {
    this.what = skipped;
    this.resolve = undefined;
    this.reject = undefined;
  }

  /** Its deadline has passed: its caller waits no more, and of the answer only `late` hears. */
  expire(): void {
    const { late } = this.what;
    this.settle();
    if (late === undefined) return;
    this.what = late;
    this.resolve = unheard;
    this.reject = unheard;
  }
}

const unheard: Settle = () => {};

/** First capacity of the ring, a power of two. */
const FIRST_SLOTS = 64;

export class PendingCalls {
  #slots: PendingCall[] = makeCalls(FIRST_SLOTS);
  #first = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The oldest call. */
  get first(): PendingCall | undefined {
    return this.#size === 0 ? undefined : this.#slots[this.#first];
  }

  /** The call at a place, 0 being the oldest. */
  at(place: number): PendingCall {
    return this.#slots[(this.#first + place) & (this.#slots.length - 1)];
  }

  /** A new youngest call, to be filled in. */
  push(): PendingCall {
    if (this.#size === this.#slots.length) this.#grow();
    return this.at(this.#size++);
  }

  /** Takes the oldest call out. */
  shift(): void {
    this.#first = (this.#first + 1) & (this.#slots.length - 1);
    this.#size--;
  }

  #grow(): void {
    const inOrder = this.#slots.map((_, place) => this.at(place));
    this.#slots = [...inOrder, ...makeCalls(inOrder.length)];
    this.#first = 0;
  }
}

function makeCalls(count: number): PendingCall[] {
  return Array.from({ length: count }, () => new PendingCall());
}
