/**
 * A connection to one server that is kept: lost, it is made again, for as long as it is not closed.
 *
 *            connect()              greeted
 *   idle ─────────────> connecting ──────────> ready
 *                        ^      │                │
 *            backoff over│      │failed          │socket lost, silence, garbage
 *                        │      v                v
 *                        └──── waiting <─────────┘            any ──close()──> closed
 *
 * No offline queue: while it is not ready a call is rejected at once, by an error that says why. `ready()` is the only
 * way to wait, and has a deadline.
 *
 * Between attempts it waits by chance up to a bound that doubles; the bound falls back only after the connection has
 * been of use for a while, so a server that greets and hangs up is not hammered. After what trying again will hardly
 * mend (a wrong password, a certificate) it waits `refusedRetryMs`.
 *
 * What keeps the process alive: calls that wait for an answer, `ready()` that waits, and the host's own looking up of
 * a name and opening of a socket. An idle connection does not, nor does waiting for the next attempt.
 */
import { Backoff } from '../../base/index.js';
import type { BulkDecoder, Reply } from '../../resp/index.js';
import { ClientError } from '../errors.js';
import type { Timer } from '../time.js';
import type { Argument } from './command-encoder.js';
import type { ServerGreeting } from './connection-event.js';
import {
  type ConnectionOptions,
  type ResolvedConnectionOptions,
  resolveConnectionOptions,
} from './connection-options.js';
import { greet } from './handshake.js';
import { Link, type LinkOwner } from './link.js';
import type { LateAnswer, LinkCall, Settle } from './pending-calls.js';
import { isRefused } from './refused-commands.js';

/** What a call may ask for. Make it once and use it for many calls. */
export interface CallOptions<B = Uint8Array, R = Reply<B>> {
  /** Default: the connection's `deadlineMs`. */
  readonly deadlineMs?: number;
  /** Makes a value of each bulk, from the read buffer. Default: bytes of their own. */
  readonly decode?: BulkDecoder<B>;
  /** Makes the result of the whole answer, at its place in the stream: before the push behind it is handled. */
  readonly take?: (reply: Reply<B>) => R;
}

/** What a call of a connection of ours may ask for besides. */
export interface ConnectionCallOptions<B = Uint8Array, R = Reply<B>> extends CallOptions<B, R> {
  /** Makes the result of an error, in the promise's stead: so what becomes of a call is one promise. */
  readonly failed?: (error: unknown) => R | Promise<R>;
  /** Reads the answer if it comes after the deadline: for what it grants to one who has gone. Default: it is skipped. */
  readonly late?: LateAnswer;
}

export type ConnectionState = 'idle' | 'connecting' | 'ready' | 'waiting' | 'closed';

/** Of a call that asks for nothing else. */
const usual: LinkCall = Object.freeze({});
/** So long a connection must have been ready for the next waits to be short again. */
const PROVEN_MS = 5_000;

export class Connection {
  readonly #options: ResolvedConnectionOptions;
  readonly #address: string;
  readonly #backoff: Backoff;
  readonly #refusedBackoff: Backoff;
  readonly #owner: LinkOwner;
  #state: ConnectionState = 'idle';
  #server: ServerGreeting | undefined;
  /** The link that is being made, or that is ready. */
  #link: Link | undefined;
  /** The link that calls go to: only when ready. */
  #live: Link | undefined;
  /** Why calls are rejected while there is none: one error for all of them. */
  #absence: ClientError;
  /** The attempt under way, or the wait before the next. */
  #timer: Timer | undefined;
  #readySinceMs = 0;
  #waiters: Readiness | undefined;

  /** Does not connect yet. Throws a ClientOptionsError if options are wrong. */
  constructor(options: ConnectionOptions = {}) {
    const all = resolveConnectionOptions(options);
    const { firstRetryMs, maxRetryMs, refusedRetryMs, random } = all;
    this.#options = all;
    this.#address = all.address;
    this.#backoff = new Backoff({ firstMs: firstRetryMs, maxMs: maxRetryMs, jitter: 'full' }, random);
    this.#refusedBackoff = new Backoff(
      { firstMs: refusedRetryMs, maxMs: refusedRetryMs, jitter: 'equal' },
      random,
    );
    this.#owner = {
      opened: (link) => greet(link, all, (server) => this.#greeted(link, server)),
      push: all.onPush,
      failed: (link, error) => this.#failed(link, error),
    };
    this.#absence = this.#notConnected('it was not told to connect; call connect() or ready() first');
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** What the server said of itself; undefined unless ready. */
  get server(): ServerGreeting | undefined {
    return this.#server;
  }

  /** Calls that wait for an answer, and those whose answer will be dropped. */
  get pendingCalls(): number {
    return this.#live?.pendingCalls ?? 0;
  }

  /** Bytes of their commands. */
  get pendingBytes(): number {
    return this.#live?.pendingBytes ?? 0;
  }

  /** How long the oldest call has waited without any byte of an answer, in ms; 0 while none waits. */
  get silentMs(): number {
    return this.#live?.silentMs() ?? 0;
  }

  /** Begins to connect, and goes on until closed. Does nothing if it has begun. */
  connect(): void {
    if (this.#state === 'idle') this.#attempt();
  }

  /**
   * Connects if that has not begun, and resolves when calls can be sent. Rejects after `connectDeadlineMs`, and at once
   * when trying again will hardly help: AUTHENTICATION, UNSUPPORTED_SERVER, TLS_REFUSED, SETUP_REFUSED, CLOSED.
   */
  ready(): Promise<void> {
    if (this.#state === 'ready') return Promise.resolve();
    if (this.#state === 'closed') return Promise.reject(this.#absence);
    if (this.#state === 'waiting' && !isRetryable(this.#absence.cause)) {
      return Promise.reject(this.#absence.cause);
    }
    this.connect();
    this.#waiters ??= new Readiness(this.#options, () => this.#readinessLate());
    return this.#waiters.promise;
  }

  /**
   * Sends a command with the others of this tick, and resolves to its answer. Rejects with a ClientError: REPLY (as a
   * ReplyFailure) if that is an error, DEADLINE, NOT_CONNECTED, CONNECTION_LOST, OVERLOADED, ARGUMENT, CLOSED. The arguments
   * are copied at once.
   */
  call<B = Uint8Array, R = Reply<B>>(
    args: readonly Argument[],
    options?: ConnectionCallOptions<B, R>,
  ): Promise<R> {
    const link = this.#live;
    if (link === undefined) return failure(this.#absence, options);
    if (isRefused(args)) return failure(refusal(args), options);
    const promise = new Promise<unknown>(capture);
    link.send(args, (options ?? usual) as LinkCall, newestResolve, newestReject);
    return promise as Promise<R>;
  }

  /** Subscribes to a channel, for as long as this connection to the server lasts: its messages are pushes. Rejects as `call`. */
  subscribe(channel: string, deadlineMs?: number): Promise<unknown> {
    const link = this.#live;
    if (link === undefined) return Promise.reject(this.#absence);
    return new Promise((resolve, reject) => {
      link.send(['SUBSCRIBE', channel], { deadlineMs, pushKind: 'subscribe' }, resolve, reject);
    });
  }

  /** Ends it for good: calls that wait are rejected. */
  close(): void {
    if (this.#state === 'closed') return;
    const error = new ClientError('CLOSED', `the connection to ${this.#address} was closed`);
    this.#state = 'closed';
    this.#absence = error;
    this.#server = undefined;
    this.#live = undefined;
    this.#timer?.cancel();
    this.#link?.fail(error);
    this.#options.onEvent({ kind: 'closed' });
    this.#settleReadiness(error);
  }

  #attempt(): void {
    this.#state = 'connecting';
    this.#absence = this.#notConnected('it is being made', this.#absence.cause);
    const { time, connectDeadlineMs } = this.#options;
    const link = new Link(this.#options, this.#owner);
    this.#link = link;
    const late = (): void => {
      const message = `${this.#address} has not let us in within ${connectDeadlineMs} ms`;
      link.fail(new ClientError('CONNECT_FAILED', message));
    };
    this.#timer = time.later(late, connectDeadlineMs, false);
  }

  #greeted(link: Link, server: ServerGreeting): void {
    if (link !== this.#link || this.#state !== 'connecting') return;
    this.#timer?.cancel();
    this.#state = 'ready';
    this.#server = server;
    this.#live = link;
    this.#readySinceMs = this.#options.time.now();
    this.#options.onEvent({ kind: 'ready', server });
    this.#settleReadiness(undefined);
  }

  /** The link is gone: says so and waits for the next attempt. */
  #failed(link: Link, reason: ClientError): void {
    if (link !== this.#link || this.#state === 'closed') return;
    const { time, onEvent } = this.#options;
    const wasReady = this.#state === 'ready';
    if (wasReady && time.now() - this.#readySinceMs >= PROVEN_MS) this.#backoff.reset();
    const error = wasReady ? reason : this.#connectFailure(reason);
    const retryInMs = (error.retryable ? this.#backoff : this.#refusedBackoff).nextMs();
    this.#timer?.cancel();
    this.#link = undefined;
    this.#live = undefined;
    this.#server = undefined;
    this.#state = 'waiting';
    this.#absence = this.#notConnected(error.message, error);
    this.#timer = time.later(() => this.#attempt(), retryInMs, false);
    onEvent({ kind: 'broken', error, wasReady, retryInMs });
    if (!error.retryable) this.#settleReadiness(error);
  }

  #connectFailure(reason: ClientError): ClientError {
    if (reason.code !== 'CONNECTION_LOST' && reason.code !== 'UNRESPONSIVE') return reason;
    const message = `no connection could be made: ${reason.message}`;
    return new ClientError('CONNECT_FAILED', message, { cause: reason.cause ?? reason });
  }

  #notConnected(why: string, cause?: unknown): ClientError {
    const message = `there is no connection to ${this.#address}: ${why}`;
    return new ClientError('NOT_CONNECTED', message, { cause });
  }

  #readinessLate(): void {
    const { connectDeadlineMs } = this.#options;
    const { cause } = this.#absence;
    const last = cause instanceof ClientError ? `; the last attempt: ${cause.message}` : '';
    const message = `${this.#address} was not ready within ${connectDeadlineMs} ms${last}`;
    this.#settleReadiness(new ClientError('CONNECT_FAILED', message, { cause }));
  }

  #settleReadiness(error: ClientError | undefined): void {
    this.#waiters?.settle(error);
    this.#waiters = undefined;
  }
}

/** All who wait in `ready()`: they share one promise and the deadline of the first. */
class Readiness {
  readonly promise: Promise<void>;
  settle: (error: ClientError | undefined) => void = () => {};

  constructor({ time, connectDeadlineMs }: ResolvedConnectionOptions, late: () => void) {
    // Somebody waits for this: the process must not end before.
    const timer = time.later(late, connectDeadlineMs, true);
    this.promise = new Promise((resolve, reject) => {
      this.settle = (error) => {
        timer.cancel();
        if (error === undefined) resolve();
        else reject(error);
      };
    });
  }
}

/** The functions of the newest promise, so that making one makes nothing else. */
let newestResolve: Settle = () => {};
let newestReject: Settle = () => {};
function capture(resolve: Settle, reject: Settle): void {
  newestResolve = resolve;
  newestReject = reject;
}

/** Of a call that is not sent. */
function failure<B, R>(error: ClientError, options: ConnectionCallOptions<B, R> | undefined): Promise<R> {
  const failed = options?.failed;
  return failed === undefined ? Promise.reject(error) : Promise.reject(error).catch(failed);
}

function isRetryable(error: unknown): boolean {
  return !(error instanceof ClientError) || error.retryable;
}

function refusal(args: readonly Argument[]): ClientError {
  const message = `${String(args[0])} would change the connection for all who share it; use setup, the options, or a connection of its own kind`;
  return new ClientError('ARGUMENT', message);
}
