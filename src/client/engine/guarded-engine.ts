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
 * The first calls of a process wait for its first connection: opening.ts.
 *
 * Cost: of a read one small object, which tells the circuit at the answer's place in the stream; of the other calls a
 * promise beside the caller's. Of successes no clock of the host is read.
 */
import { CoarseClock, type RandomSource } from '../../base/index.js';
import { Circuit, type CircuitOptions, type CircuitState, type CircuitTicket } from '../core/index.js';
import { ClientError, type ClientErrorCode, ReplyFailure } from '../errors.js';
import type { TimeSource } from '../time.js';
import {
  type Answer,
  type Engine,
  type EngineHost,
  hostWithin,
  type Payload,
  type Reading,
  type ReadMode,
  readOf,
} from './engine.js';
import { Opening } from './opening.js';

export interface GuardedEngineOptions {
  readonly time: TimeSource;
  /** Randomness for the pauses. */
  readonly random: RandomSource;
  /** Default: `circuitDefaults`. */
  readonly circuit?: CircuitOptions;
}

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
  readonly #circuit: Circuit;
  readonly #reports: Reports;
  #refusal: ClientError | undefined;
  readonly #opening: Opening;

  /** `make` makes the engine behind the circuit, with a host that also tells the circuit. */
  constructor(make: (host: EngineHost) => Engine, host: EngineHost, options: GuardedEngineOptions) {
    this.#time = options.time;
    this.#opening = new Opening(options.time);
    this.#circuit = new Circuit(options.time.now(), options.random, options.circuit);
    this.#reports = new Reports(this.#circuit, options.time);
    const inner = hostWithin(host, (problem, node) => {
      this.#opening.over();
      if (problem === undefined) this.#heard();
      host.reachable(problem, node);
    });
    this.#engine = make(inner);
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

  homeOf(key: string): number {
    return this.#engine.homeOf(key);
  }

  ready(): Promise<void> {
    return this.#engine.ready();
  }

  read<R>(key: string, mode: ReadMode, deadlineMs: number, reading: Reading<R>): Promise<R> {
    if (this.#opening.isOn) return this.#opening.wait(() => this.read(key, mode, deadlineMs, reading));
    const ticket = this.#admits();
    if (ticket === 0) return readOf(this.#refused(), reading);
    return this.#engine.read(key, mode, deadlineMs, new GuardedReading(this.#reports, ticket, reading));
  }

  fill(key: string, token: string, payload: Payload, deadlineMs: number): Promise<boolean> {
    if (this.#opening.isOn) return this.#opening.wait(() => this.fill(key, token, payload, deadlineMs));
    return this.#admitted(() => this.#engine.fill(key, token, payload, deadlineMs));
  }

  fail(key: string, token: string, error: string, errorMs: number, deadlineMs: number): Promise<boolean> {
    return this.#admitted(() => this.#engine.fail(key, token, error, errorMs, deadlineMs));
  }

  renew(key: string, token: string, deadlineMs: number): Promise<boolean> {
    return this.#admitted(() => this.#engine.renew(key, token, deadlineMs));
  }

  put(key: string, payload: Payload, deadlineMs: number): Promise<void> {
    if (this.#opening.isOn) return this.#opening.wait(() => this.put(key, payload, deadlineMs));
    return this.#listened(this.#engine.put(key, payload, deadlineMs));
  }

  remove(key: string, deadlineMs: number): Promise<boolean> {
    if (this.#opening.isOn) return this.#opening.wait(() => this.remove(key, deadlineMs));
    return this.#listened(this.#engine.remove(key, deadlineMs));
  }

  soften(key: string, deadlineMs: number): Promise<boolean> {
    if (this.#opening.isOn) return this.#opening.wait(() => this.soften(key, deadlineMs));
    return this.#listened(this.#engine.soften(key, deadlineMs));
  }

  beginWrite(key: string, deadlineMs: number): Promise<string | undefined> {
    if (this.#opening.isOn) return this.#opening.wait(() => this.beginWrite(key, deadlineMs));
    return this.#listened(this.#engine.beginWrite(key, deadlineMs));
  }

  clear(prefix: string, deadlineMs: number): Promise<number> {
    if (this.#opening.isOn) return this.#opening.wait(() => this.clear(prefix, deadlineMs));
    return this.#listened(this.#engine.clear(prefix, deadlineMs));
  }

  close(): void {
    this.#engine.close();
  }

  #admits(): CircuitTicket {
    return this.#circuit.closedTicket || this.#circuit.admits(this.#time.now());
  }

  #admitted<T>(call: () => Promise<T>): Promise<T> {
    const ticket = this.#admits();
    if (ticket === 0) return this.#refused();
    const outcome = call();
    outcome.then(
      () => this.#reports.succeeded(ticket),
      (error) => this.#reports.failed(ticket, error),
    );
    return outcome;
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

/** What calls tell the circuit. */
class Reports {
  readonly #circuit: Circuit;
  readonly #time: TimeSource;
  /** For successes, which are many: they are counted by seconds. */
  readonly #clock: CoarseClock;

  constructor(circuit: Circuit, time: TimeSource) {
    this.#circuit = circuit;
    this.#time = time;
    this.#clock = new CoarseClock(
      () => time.now(),
      (run, ms) => time.later(run, ms, false),
    );
  }

  succeeded(ticket: CircuitTicket): void {
    this.#circuit.succeeded(ticket, this.#clock.now());
  }

  failed(ticket: CircuitTicket, error: unknown): void {
    if (isUnanswered(error)) this.#circuit.failed(ticket, this.#time.now());
    else if (error instanceof ReplyFailure) this.#circuit.succeeded(ticket, this.#time.now());
  }
}

/** A read that was admitted with a ticket: the circuit is told before the caller. */
class GuardedReading<R> implements Reading<R> {
  readonly #reports: Reports;
  readonly #ticket: CircuitTicket;
  readonly #reading: Reading<R>;

  constructor(reports: Reports, ticket: CircuitTicket, reading: Reading<R>) {
    this.#reports = reports;
    this.#ticket = ticket;
    this.#reading = reading;
  }

  answered(answer: Answer): R | Promise<R> {
    this.#reports.succeeded(this.#ticket);
    return this.#reading.answered(answer);
  }

  failed(error: unknown): R | Promise<R> {
    this.#reports.failed(this.#ticket, error);
    return this.#reading.failed(error);
  }
}

function isUnanswered(error: unknown): boolean {
  return error instanceof ClientError && NO_ANSWER.has(error.code);
}
