/**
 * One socket from its first byte to its last: calls go out, answers and pushes come in. A link that has failed
 * is of no more use; its connection makes another.
 *
 *   call ──> encoder ── end of the tick ──> socket              tick timer, only while calls wait
 *     └────> pending calls, deadline in the wheel                  │  deadline passed: reject that call alone
 *                 │                                               │  no answer for too long: the link fails
 *   socket ──> reader ──> answer of the oldest call ──> promise   v
 *                   └───> push ──> the owner, at once
 *
 * Order is everything: the n-th answer belongs to the n-th call. So a call whose deadline has passed keeps its place
 * until its answer was skipped, or read by its `late`, and an answer that no call waits for ends the link.
 *
 * A few commands are answered by a push, or by an error (SUBSCRIBE): such a push is the answer of the oldest call if that is
 * one of them, and else a push like any other.
 *
 * The place in the stream: decoders and `take` of a call run when its answer is read, and so does the owner's
 * handler of pushes; what a promise resumes runs later. A near cache that enters values by `take` can never
 * enter one behind the invalidation that followed it.
 *
 * Silence: bytes of answers are progress. Without any, the oldest call may wait for `maxSilenceMs`, or for its own
 * deadline if that is longer. A hung server is thus left after a second, with at most `maxPendingCalls` calls.
 *
 * Cost of a call: one promise and its two functions; the entry of the ring, the deadline and the buffers are used
 * again. The clock is read once for all calls of a tick.
 */
import type { Socket } from 'node:net';
import { nextTick } from 'node:process';
import { type Block, TimerWheel } from '../../base/index.js';
import {
  bulkBytes,
  FAILED,
  READY,
  type Reply,
  ReplyError,
  ReplyPush,
  ReplyReader,
  ReplyWithAttributes,
} from '../../resp/index.js';
import { skipBulk, utf8Text } from '../bulk-decoders.js';
import { ClientError, ReplyFailure } from '../errors.js';
import type { Timer } from '../time.js';
import { type Argument, TOO_LARGE } from './command-encoder.js';
import type { ResolvedConnectionOptions } from './connection-options.js';
import { dropSocket, openSocket } from './open-socket.js';
import { Outlet } from './outlet.js';
import { type LinkCall, type PendingCall, PendingCalls, type Settle } from './pending-calls.js';

/** Step of the deadlines: a call is rejected at most two of them late. */
const TICK_MS = 10;
/** One round of the wheel: 5 s, longer than usual deadlines. */
const WHEEL_SLOTS = 512;
/**
 * More than this is written before the tick ends, so that the server has something to do meanwhile: with 100 callers that
 * read one key after the other, half of them are encoded while the other half is answered. Each further write of a tick
 * waits for twice as much, since writes cost a few microseconds each.
 */
const FIRST_WRITE_BYTES = 2 * 1024;
const WRITE_BYTES = 64 * 1024;

/** Who is told what happens on a link. */
export interface LinkOwner {
  /** The socket is open (TLS included): time for the first commands. */
  opened(link: Link): void;
  push(items: Reply<string>[]): void;
  /** Told once; the link does nothing after it. */
  failed(link: Link, error: ClientError): void;
}

export class Link {
  readonly #options: ResolvedConnectionOptions;
  readonly #owner: LinkOwner;
  readonly #address: string;
  readonly #socket: Socket;
  readonly #outlet: Outlet;
  readonly #reader: ReplyReader<unknown>;
  readonly #pending = new PendingCalls();
  readonly #wheel: TimerWheel<PendingCall>;
  #pendingBytes = 0;
  /** So many of the youngest calls have not been given to the socket. */
  #unwritten = 0;
  /** So many of the youngest calls have no deadline yet. */
  #fresh = 0;
  #isWritePlanned = false;
  /** So much is not left for the end of the tick. */
  #writeBytes = FIRST_WRITE_BYTES;
  /** When bytes of an answer last came. */
  #progressMs: number;
  #timer: Timer | undefined;
  #isOver = false;
  /** What a decoder threw while the current answer was read. */
  #decodeError: { readonly error: unknown } | undefined;
  #full: ClientError | undefined;

  constructor(options: ResolvedConnectionOptions, owner: LinkOwner) {
    this.#options = options;
    this.#owner = owner;
    this.#address = options.address;
    this.#progressMs = options.time.now();
    this.#wheel = new TimerWheel({ tickMs: TICK_MS, slots: WHEEL_SLOTS }, this.#progressMs);
    this.#reader = ReplyReader.of((block, at, length, owned) => this.#bulk(block, at, length, owned));
    this.#socket = openSocket(options, {
      opened: () => {
        if (!this.#isOver) owner.opened(this);
      },
      receive: (block, end) => this.#receive(block, end),
      failed: (error) => this.fail(error),
    });
    this.#outlet = new Outlet(this.#socket);
    this.#outlet.onFree = this.#write;
  }

  get pendingCalls(): number {
    return this.#pending.size;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** How long the server has let the oldest call wait without sending any byte of an answer; 0 while none waits. */
  silentMs(): number {
    const { first } = this.#pending;
    // What was not written yet waits for nobody.
    if (first === undefined || this.#fresh === this.#pending.size) return 0;
    return this.#options.time.now() - Math.max(first.sentMs, this.#progressMs);
  }

  /** Sends a command. One of the two functions is called, once: at once if it cannot be sent. */
  send(args: readonly Argument[], what: LinkCall, resolve: Settle, reject: Settle): void {
    const options = this.#options;
    if (this.#pending.size >= options.maxPendingCalls) {
      fail(what, resolve, reject, this.#fullError());
      return;
    }
    const { encoder } = this.#outlet;
    const bytes = encoder.encode(args, options.maxPendingBytes - this.#pendingBytes);
    if (bytes < 0) {
      fail(what, resolve, reject, this.#unsendable(args, bytes));
      return;
    }
    const call = this.#pending.push();
    const command = args[0];
    call.command = typeof command === 'string' ? command : 'a command';
    call.deadlineMs = what.deadlineMs ?? options.deadlineMs;
    call.bytes = bytes;
    call.what = what;
    call.pushKind = what.pushKind;
    call.resolve = resolve;
    call.reject = reject;
    this.#pendingBytes += bytes;
    this.#unwritten++;
    this.#fresh++;
    if (!this.#isWritePlanned) {
      this.#isWritePlanned = true;
      // After the microtasks: whom an answer resumes calls again, and that goes in the same write.
      nextTick(this.#plannedWrite);
    }
    if (encoder.length >= this.#writeBytes) {
      this.#writeBytes = Math.min(this.#writeBytes * 2, WRITE_BYTES);
      this.#write();
    }
  }

  /** Ends the link: all its calls are rejected, and the owner is told. */
  fail(error: ClientError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    if (error.code === 'UNRESPONSIVE') dropSocket(this.#socket);
    else this.#socket.destroy();
    this.#rejectAll(error);
    this.#owner.failed(this, error);
  }

  readonly #plannedWrite = (): void => {
    this.#isWritePlanned = false;
    this.#writeBytes = FIRST_WRITE_BYTES;
    this.#write();
  };

  /** Writes what is encoded, and starts the time of the calls that are new. */
  readonly #write = (): void => {
    if (this.#isOver) return;
    if (this.#fresh > 0) {
      // Not sooner: the caller may have worked for long between two calls of a tick.
      const nowMs = this.#options.time.now();
      const { size } = this.#pending;
      for (let place = size - this.#fresh; place < size; place++) {
        const call = this.#pending.at(place);
        call.sentMs = nowMs;
        this.#wheel.add(call, nowMs + call.deadlineMs);
      }
      this.#fresh = 0;
      if (this.#timer === undefined) this.#startTimer();
    }
    if (this.#outlet.flush()) this.#unwritten = 0;
  };

  #receive(block: Block, end: number): void {
    if (this.#isOver) return;
    const reader = this.#reader;
    reader.feed(block, 0, end);
    let answered = false;
    for (;;) {
      const result = reader.next();
      if (result !== READY) {
        if (result === FAILED) this.#garbage(reader.error);
        break;
      }
      const { reply } = reader;
      if (isPlain(reply) || !this.#isPush(reply)) {
        answered = true;
        this.#answer(reply);
      }
      // What was called meanwhile may have closed the link, whose calls are gone then.
      if (this.#isOver) return;
    }
    if (answered || (reader.isInside && !reader.isInsidePush)) this.#progressMs = this.#options.time.now();
  }

  /** Hands a push to the owner. False if it is none. */
  #isPush(reply: Reply<unknown>): boolean {
    const inner = reply instanceof ReplyWithAttributes ? reply.reply : reply;
    if (!(inner instanceof ReplyPush)) return false;
    const pushKind = this.#pending.first?.pushKind;
    if (pushKind !== undefined && inner.items[0] === pushKind) {
      this.#answer(inner.items);
      return true;
    }
    try {
      this.#owner.push(inner.items as Reply<string>[]);
    } catch (error) {
      // What the push had to say is lost, and its sender does not know.
      const message = `a handler of pushes from ${this.#address} threw; the connection is begun anew`;
      this.fail(new ClientError('CONNECTION_LOST', message, { cause: error }));
      throw error;
    }
    return true;
  }

  #bulk(block: Block, at: number, length: number, owned: boolean): unknown {
    if (this.#reader.isInsidePush) return utf8Text(block, at, length, owned);
    try {
      const call = this.#pending.first;
      const decode = call === undefined ? skipBulk : (call.what.decode ?? bulkBytes);
      return decode(block, at, length, owned);
    } catch (error) {
      this.#decodeError ??= { error };
      return null;
    }
  }

  #answer(reply: Reply<unknown>): void {
    const call = this.#pending.first;
    if (call === undefined) {
      this.#garbage('an answer that nobody asked for');
      return;
    }
    const { resolve, reject, what, command } = call;
    const thrown = this.#decodeError;
    this.#decodeError = undefined;
    this.#pendingBytes -= call.bytes;
    this.#wheel.remove(call);
    call.settle();
    this.#pending.shift();
    if (resolve === undefined || reject === undefined) return;
    const answer = !isPlain(reply) && reply instanceof ReplyWithAttributes ? reply.reply : reply;
    if (!isPlain(answer) && answer instanceof ReplyError) {
      fail(what, resolve, reject, new ReplyFailure(command, answer.text, answer.code));
    } else if (thrown !== undefined) {
      fail(what, resolve, reject, thrown.error);
    } else {
      let result: unknown = answer;
      if (what.take !== undefined) {
        try {
          result = what.take(answer);
        } catch (error) {
          fail(what, resolve, reject, error);
          return;
        }
      }
      resolve(result);
    }
  }

  #garbage(what: string): void {
    const message = `${this.#address} does not speak the protocol: ${what}; check that this is the port of a cache node or of Redis, and whether it wants TLS`;
    this.fail(new ClientError('PROTOCOL', message));
  }

  #startTimer(): void {
    // While calls wait the process must not end, else their promises would never be settled.
    this.#timer = this.#options.time.later(this.#tick, TICK_MS, true);
  }

  readonly #tick = (): void => {
    this.#timer = undefined;
    const nowMs = this.#options.time.now();
    this.#wheel.advance(nowMs, this.#expire);
    const { first } = this.#pending;
    if (first === undefined) return;
    const silentMs = nowMs - Math.max(first.sentMs, this.#progressMs);
    if (silentMs > Math.max(this.#options.maxSilenceMs, first.deadlineMs)) {
      const message = `${this.#address} has sent nothing for ${Math.round(silentMs)} ms while ${this.#pending.size} calls waited; the connection is begun anew`;
      this.fail(new ClientError('UNRESPONSIVE', message));
    } else {
      this.#startTimer();
    }
  };

  readonly #expire = (call: PendingCall): void => {
    const { command, deadlineMs, what, resolve, reject } = call;
    call.expire();
    const message = `${command} was not answered by ${this.#address} within ${deadlineMs} ms`;
    fail(what, resolve, reject, new ClientError('DEADLINE', message, { mayHaveRun: true }));
  };

  #rejectAll(cause: ClientError): void {
    const { code, message } = cause;
    const told = code === 'CLOSED' ? code : 'CONNECTION_LOST';
    const text = `the connection to ${this.#address} ended before the answer came: ${message}`;
    // One error for all calls of a kind: thousands may wait.
    const unwritten = new ClientError(told, text, { cause });
    const written = new ClientError(told, text, { cause, mayHaveRun: true });
    const size = this.#pending.size;
    for (let place = 0; place < size; place++) {
      const call = this.#pending.at(place);
      const { what, resolve, reject } = call;
      call.settle();
      fail(what, resolve, reject, place >= size - this.#unwritten ? unwritten : written);
    }
  }

  #fullError(): ClientError {
    const { maxPendingCalls } = this.#options;
    const message = `${maxPendingCalls} calls wait for answers of ${this.#address}, as many as maxPendingCalls allows; send less at once, or raise it`;
    return (this.#full ??= new ClientError('OVERLOADED', message));
  }

  #unsendable(args: readonly Argument[], reason: number): ClientError {
    if (reason !== TOO_LARGE) return new ClientError('ARGUMENT', argumentProblem(args));
    const { maxPendingBytes } = this.#options;
    const message = `${args[0]} does not fit: ${this.#pendingBytes} bytes wait for answers of ${this.#address}, and maxPendingBytes is ${maxPendingBytes}; send less at once, or raise it`;
    return new ClientError('OVERLOADED', message);
  }
}

/** What `failed` does must not meet a link that is in the middle of its own end. */
function fail({ failed }: LinkCall, resolve?: Settle, reject?: Settle, error?: unknown): void {
  if (failed === undefined) reject?.(error);
  else resolve?.(Promise.reject(error).catch(failed));
}

/** Almost all replies; the others are of classes, which take time to ask for. */
function isPlain(reply: unknown): reply is unknown[] | string | number | bigint | boolean | null {
  return typeof reply !== 'object' || reply === null || Array.isArray(reply);
}

function argumentProblem(args: readonly unknown[]): string {
  const place = args.findIndex((arg) => !isArgument(arg));
  if (place === -1) return 'a command without a name; give its name and its arguments in one array';
  const what = typeof args[place] === 'number' ? `${args[place]}` : `of type ${typeof args[place]}`;
  return `argument ${place} of ${String(args[0])} is ${what}; give a string, a Uint8Array or a finite number`;
}

function isArgument(arg: unknown): boolean {
  return typeof arg === 'string' || arg instanceof Uint8Array || Number.isFinite(arg);
}
