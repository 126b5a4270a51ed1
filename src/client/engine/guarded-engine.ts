/**
 * An engine with a circuit before it: while its node does not answer, reads are refused at once and cost no deadline.
 *
 *   read, fill, fail, renew   ──circuit admits──> the engine, whose outcome the circuit is told
 *                             ──it does not────> NODE_DOWN: retryable, nothing was sent
 *   put, remove, soften, beginWrite, clear ────> the engine: invalidations always try
 *
 * A failure is a node that did not answer: a deadline, a connection that is not there or broke. An error reply is an
 * answer; one of our own (there is no room for the call, it cannot be sent) says nothing of the node. Whatever was answered, or
 * a connection that was made, tells an open circuit that its pause is over.
 *
 * The first calls of a process wait for its first connection, for OPENING_MS at most: else each process that starts would load
 * what the others have.
 *
 * Cost: what the circuit is told hangs on the promise beside the caller. The two functions for it are made anew only
 * when the state of the circuit has changed, and while it is closed no clock of the host is read.
 */
import { CoarseClock, type RandomSource } from '../../base/index.js';
import { Circuit, type CircuitOptions, type CircuitState, type CircuitTicket } from '../core/index.js';
import { ClientError, type ClientErrorCode, ReplyFailure } from '../errors.js';
import type { TimeSource } from '../time.js';
import type { Answer, Engine, EngineHost, Payload, ReadMode } from './engine.js';

export interface GuardedEngineOptions {
  readonly time: TimeSource;
  /** Randomness for the pauses. */
  readonly random: RandomSource;
  /** Default: `circuitDefaults`. */
  readonly circuit?: CircuitOptions;
}

/** As long as a usual deadline: a cache that is not there delays a process that starts by no more. */
const OPENING_MS = 200;

const NO_ANSWER: ReadonlySet<ClientErrorCode> = new Set([
  'DEADLINE',
  'NOT_CONNECTED',
  'CONNECT_FAILED',
  'CONNECTION_LOST',
  'UNRESPONSIVE',
  'PROTOCOL',
]);

export class GuardedEngine implements Engine {
  readonly #engine: Engine;
  readonly #time: TimeSource;
  /** For successes, which are many: they are counted by seconds. */
  readonly #clock: CoarseClock;
  readonly #circuit: Circuit;
  /** What a call with this ticket tells the circuit. */
  #ticket: CircuitTicket = 0;
  #succeeded: () => void = () => {};
  #failed: (error: unknown) => void = () => {};
  #refusal: ClientError | undefined;
  /** Settled and gone once it is known whether the node can be reached. */
  #opening: Promise<void> | undefined;
  #opened: () => void = () => {};

  /** `make` makes the engine behind the circuit, with a host that also tells the circuit. */
  constructor(make: (host: EngineHost) => Engine, host: EngineHost, options: GuardedEngineOptions) {
    this.#time = options.time;
    this.#clock = new CoarseClock(
      () => options.time.now(),
      (run, ms) => options.time.later(run, ms, false),
    );
    const { promise, resolve } = opening(options.time);
    this.#opening = promise;
    this.#opened = () => {
      this.#opening = undefined;
      resolve();
    };
    void promise.then(this.#opened);
    this.#circuit = new Circuit(options.time.now(), options.random, options.circuit);
    this.#engine = make({
      woken: (key) => host.woken(key),
      invalidated: (key, node) => host.invalidated(key, node),
      unsound: (node) => host.unsound(node),
      sound: (sinceMs, node) => host.sound(sinceMs, node),
      drawTicket: (node) => host.drawTicket(node),
      reachable: (problem, node) => {
        this.#opened();
        if (problem === undefined) this.#heard();
        host.reachable(problem, node);
      },
    });
  }

  get description(): string {
    return this.#engine.description;
  }

  get circuit(): CircuitState {
    return this.#circuit.state;
  }

  nodeOf(key: string): number {
    return this.#engine.nodeOf(key);
  }

  ready(): Promise<void> {
    return this.#engine.ready();
  }

  read(key: string, mode: ReadMode, deadlineMs: number): Promise<Answer> {
    if (this.#opening !== undefined) return this.#opening.then(() => this.read(key, mode, deadlineMs));
    return this.#admits() ? this.#watched(this.#engine.read(key, mode, deadlineMs)) : this.#refused();
  }

  fill(key: string, token: string, payload: Payload, deadlineMs: number): Promise<boolean> {
    if (this.#opening !== undefined)
      return this.#opening.then(() => this.fill(key, token, payload, deadlineMs));
    return this.#admits()
      ? this.#watched(this.#engine.fill(key, token, payload, deadlineMs))
      : this.#refused();
  }

  fail(key: string, token: string, error: string, errorMs: number, deadlineMs: number): Promise<boolean> {
    return this.#admits()
      ? this.#watched(this.#engine.fail(key, token, error, errorMs, deadlineMs))
      : this.#refused();
  }

  renew(key: string, token: string, deadlineMs: number): Promise<boolean> {
    return this.#admits() ? this.#watched(this.#engine.renew(key, token, deadlineMs)) : this.#refused();
  }

  put(key: string, payload: Payload, deadlineMs: number): Promise<void> {
    if (this.#opening !== undefined) return this.#opening.then(() => this.put(key, payload, deadlineMs));
    return this.#listened(this.#engine.put(key, payload, deadlineMs));
  }

  remove(key: string, deadlineMs: number): Promise<boolean> {
    if (this.#opening !== undefined) return this.#opening.then(() => this.remove(key, deadlineMs));
    return this.#listened(this.#engine.remove(key, deadlineMs));
  }

  soften(key: string, deadlineMs: number): Promise<boolean> {
    if (this.#opening !== undefined) return this.#opening.then(() => this.soften(key, deadlineMs));
    return this.#listened(this.#engine.soften(key, deadlineMs));
  }

  beginWrite(key: string, deadlineMs: number): Promise<string | undefined> {
    if (this.#opening !== undefined) return this.#opening.then(() => this.beginWrite(key, deadlineMs));
    return this.#listened(this.#engine.beginWrite(key, deadlineMs));
  }

  clear(prefix: string, deadlineMs: number): Promise<number> {
    if (this.#opening !== undefined) return this.#opening.then(() => this.clear(prefix, deadlineMs));
    return this.#listened(this.#engine.clear(prefix, deadlineMs));
  }

  close(): void {
    this.#engine.close();
  }

  #admits(): boolean {
    const ticket = this.#circuit.closedTicket || this.#circuit.admits(this.#time.now());
    if (ticket !== 0 && ticket !== this.#ticket) this.#prepare(ticket);
    return ticket !== 0;
  }

  #prepare(ticket: CircuitTicket): void {
    this.#ticket = ticket;
    this.#succeeded = () => this.#circuit.succeeded(ticket, this.#clock.now());
    this.#failed = (error) => {
      if (isUnanswered(error)) this.#circuit.failed(ticket, this.#time.now());
      else if (error instanceof ReplyFailure) this.#circuit.succeeded(ticket, this.#time.now());
    };
  }

  #watched<T>(call: Promise<T>): Promise<T> {
    call.then(this.#succeeded, this.#failed);
    return call;
  }

  #listened<T>(call: Promise<T>): Promise<T> {
    call.then(this.#heard, (error) => {
      if (error instanceof ReplyFailure) this.#heard();
    });
    return call;
  }

  readonly #heard = (): void => this.#circuit.heard(this.#time.now());

  #refused(): Promise<never> {
    const message = `${this.#engine.description} did not answer of late and is not asked for a moment`;
    this.#refusal ??= new ClientError('NODE_DOWN', message);
    return Promise.reject(this.#refusal);
  }
}

function isUnanswered(error: unknown): boolean {
  return error instanceof ClientError && NO_ANSWER.has(error.code);
}

/** Resolves when told, or after OPENING_MS. */
function opening(time: TimeSource): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    const timer = time.later(done, OPENING_MS, false);
    resolve = () => {
      timer.cancel();
      done();
    };
  });
  return { promise, resolve };
}
