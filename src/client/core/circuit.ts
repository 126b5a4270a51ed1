/**
 * Whether calls go to a node, or go round it at once: a dead node costs each caller a deadline (200 ms), until the
 * circuit to it is open.
 *
 *              too many failures in a row, or too large a share of the calls in the window
 *     closed ---------------------------------------------------------------------------> open
 *       ^                                                                                 |   ^
 *       | the probe succeeds                  its pause is over, and a call comes: it is  |   | the probe fails:
 *       |                                     the probe                                   v   | a longer pause
 *       +----------------------------------------------------------------------------- half-open
 *
 * Failures are timeouts and broken or refused connections: signs that the node does not answer. An error reply is a
 * success here, and so is a miss.
 *
 * - Each admitted call carries a ticket and reports with it. What was sent in one state is not counted in the next: a
 *   hundred calls that time out together open the circuit once, and the last of them do not make the pause longer or
 *   pass for the probe.
 * - Half-open lets one call through at a time. A probe that never reports is given up after `probeMs`, and the next
 *   call is the probe: a caller that forgets to report cannot keep the node out for ever.
 * - Pauses grow with each opening, up to a bound, and are jittered, so that the processes of a fleet do not probe
 *   together. They begin short again once the circuit stayed closed for a whole window.
 *
 * Invalidations do not ask: they are repeated until the node has acknowledged them. When one is acknowledged, or a
 * connection was made, `heard` says so, and the next call is the probe.
 *
 * Cost: a few comparisons a call, one array of small numbers a node. There is no timer: time passes when calls ask.
 */
import { assert, backoffMs, type RandomSource } from '../../base/index.js';

export interface CircuitOptions {
  /** Failures in a row that open the circuit. */
  readonly maxFailuresInRow: number;
  /** Share of failures among the calls of the window that opens it, above 0 and at most 1. */
  readonly failureShare: number;
  /** Calls in the window below which the share says nothing. */
  readonly minCalls: number;
  /** The window that the share is taken over: this long, up to a tenth less. */
  readonly windowMs: number;
  /** The first pause; each further one is twice as long. Half of a pause is jitter. */
  readonly firstPauseMs: number;
  /** The longest pause: a node that is back is used again after it at the latest. */
  readonly mostPauseMs: number;
  /** How long a probe may take to report: longer than the deadline of a call. */
  readonly probeMs: number;
}

/** Five callers in a row wait in vain; a node is back within 5 s; what fails half of the calls is as good as down. */
export const circuitDefaults: CircuitOptions = Object.freeze({
  maxFailuresInRow: 5,
  failureShare: 0.5,
  minCalls: 20,
  windowMs: 10_000,
  firstPauseMs: 500,
  mostPauseMs: 5_000,
  probeMs: 1_000,
});

export type CircuitState = 'closed' | 'open' | 'half-open';

/** Says to which state of the circuit a call belongs; 0 is no call. */
export type CircuitTicket = number;

/** The window is counted in so many parts, and moves by one of them. */
const WINDOW_PARTS = 10;

export class Circuit {
  readonly #options: CircuitOptions;
  readonly #random: RandomSource;
  readonly #calls: CallWindow;
  #state: CircuitState = 'closed';
  /** Raised with each state and each probe: the only ticket that counts. */
  #ticket: CircuitTicket = 1;
  #failuresInRow = 0;
  #opensInRow = 0;
  #closedAtMs: number;
  #pausedUntilMs = 0;
  #probeUntilMs = 0;
  #opens = 0;

  constructor(nowMs: number, random: RandomSource, options: CircuitOptions = circuitDefaults) {
    this.#options = options;
    this.#random = random;
    this.#calls = new CallWindow(options.windowMs / WINDOW_PARTS);
    this.#closedAtMs = nowMs;
  }

  /** Half-open from the first probe on: an open circuit whose pause is over is still open. */
  get state(): CircuitState {
    return this.#state;
  }

  /** How often it has opened, failed probes included. */
  get opens(): number {
    return this.#opens;
  }

  /** The ticket of a closed circuit; 0 of any other, which has to be asked with the time: `admits`. */
  get closedTicket(): CircuitTicket {
    return this.#state === 'closed' ? this.#ticket : 0;
  }

  /** A ticket if a call may go to the node now, 0 if it must go round it. Who has a ticket reports with it. */
  admits(nowMs: number): CircuitTicket {
    if (this.#state === 'closed') return this.#ticket;
    if (nowMs < (this.#state === 'open' ? this.#pausedUntilMs : this.#probeUntilMs)) return 0;
    this.#state = 'half-open';
    this.#probeUntilMs = nowMs + this.#options.probeMs;
    return ++this.#ticket;
  }

  /** The node answered the call. */
  succeeded(ticket: CircuitTicket, nowMs: number): void {
    if (!this.#counts(ticket)) return;
    this.#failuresInRow = 0;
    if (this.#state === 'closed') this.#calls.add(nowMs, false);
    else this.#close(nowMs);
  }

  /** The call timed out, or its connection was refused or broke. */
  failed(ticket: CircuitTicket, nowMs: number): void {
    if (!this.#counts(ticket)) return;
    if (this.#state === 'half-open') {
      this.#open(nowMs);
      return;
    }
    this.#failuresInRow++;
    this.#calls.add(nowMs, true);
    if (this.#failuresInRow >= this.#options.maxFailuresInRow || this.#isFailing()) this.#open(nowMs);
  }

  /** The node was heard of in another way: if the circuit is open, its pause is over. */
  heard(nowMs: number): void {
    if (this.#state === 'open') this.#pausedUntilMs = Math.min(this.#pausedUntilMs, nowMs);
  }

  #counts(ticket: CircuitTicket): boolean {
    if (ticket === this.#ticket) return this.#state !== 'open';
    assert(ticket > 0 && ticket < this.#ticket, `ticket ${ticket} was given by this circuit`);
    return false;
  }

  #isFailing(): boolean {
    const { calls, failures } = this.#calls;
    return calls >= this.#options.minCalls && failures >= calls * this.#options.failureShare;
  }

  #open(nowMs: number): void {
    const { windowMs, firstPauseMs, mostPauseMs } = this.#options;
    const shape = { firstMs: firstPauseMs, maxMs: mostPauseMs, jitter: 'equal' } as const;
    if (this.#state === 'closed' && nowMs - this.#closedAtMs >= windowMs) this.#opensInRow = 0;
    this.#state = 'open';
    this.#ticket++;
    this.#opens++;
    this.#opensInRow++;
    this.#pausedUntilMs = nowMs + backoffMs(this.#opensInRow, shape, this.#random);
  }

  #close(nowMs: number): void {
    this.#state = 'closed';
    this.#ticket++;
    this.#closedAtMs = nowMs;
    this.#failuresInRow = 0;
    this.#calls.clear();
  }
}

/** Calls and failures of the last parts of the window, in a ring of counts. */
class CallWindow {
  calls = 0;
  failures = 0;
  readonly #partMs: number;
  /** For each part the calls, then the failures. */
  readonly #counts = new Uint32Array(2 * WINDOW_PARTS);
  /** The youngest part, counted from time 0, and the place of its counts. */
  #part = Number.NEGATIVE_INFINITY;
  #at = 0;

  constructor(partMs: number) {
    this.#partMs = partMs;
  }

  add(nowMs: number, isFailure: boolean): void {
    const part = Math.floor(nowMs / this.#partMs);
    if (part > this.#part) this.#moveTo(part);
    this.#counts[this.#at]++;
    this.calls++;
    if (!isFailure) return;
    this.#counts[this.#at + 1]++;
    this.failures++;
  }

  clear(): void {
    this.#counts.fill(0);
    this.calls = 0;
    this.failures = 0;
  }

  #moveTo(part: number): void {
    if (part - this.#part >= WINDOW_PARTS) this.clear();
    else for (let next = this.#part + 1; next <= part; next++) this.#drop(this.#place(next));
    this.#part = part;
    this.#at = this.#place(part);
  }

  #drop(at: number): void {
    this.calls -= this.#counts[at];
    this.failures -= this.#counts[at + 1];
    this.#counts[at] = 0;
    this.#counts[at + 1] = 0;
  }

  /** Parts before time 0 have places too. */
  #place(part: number): number {
    return 2 * (((part % WINDOW_PARTS) + WINDOW_PARTS) % WINDOW_PARTS);
  }
}
