/**
 * Asks a server for a sign of life, so that who relies on its pushes knows within a second that they do not come.
 *
 *   beat       every BEAT_MS: a PING, unless one is on its way
 *   answered   everything the server pushed before it has come too, since a connection keeps the order
 *   lapsed     told once when a PING is unanswered for MISSED_BEATS beats: 250 ms until it is sent, 750 ms for it
 *
 * Beats are counted, not measured: when the event loop was held up only one of them runs, and what came meanwhile is
 * read before it. The timer does not keep the process alive; a PING on its way does, as every call.
 */
import { skipBulk } from '../bulk-decoders.js';
import type { Connection } from '../connection/connection.js';
import type { Timer, TimeSource } from '../time.js';

const BEAT_MS = 250;
const MISSED_BEATS = 3;
/** A PING that is older is given up and sent again; long after it has lapsed. */
const DEADLINE_MS = 1_000;
const PING = ['PING'] as const;

export class Heartbeat {
  readonly #connection: Connection;
  readonly #time: TimeSource;
  readonly #lapsed: () => void;
  #timer: Timer | undefined;
  #isUnderWay = false;
  #missed = 0;

  constructor(connection: Connection, time: TimeSource, lapsed: () => void) {
    this.#connection = connection;
    this.#time = time;
    this.#lapsed = lapsed;
  }

  /** The connection is ready. */
  start(): void {
    this.stop();
    this.#isUnderWay = false;
    this.#missed = 0;
    this.#timer = this.#time.later(this.#beat, BEAT_MS, false);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  readonly #beat = (): void => {
    this.#timer = this.#time.later(this.#beat, BEAT_MS, false);
    if (!this.#isUnderWay) {
      this.#isUnderWay = true;
      this.#connection.call(PING, this.#call).catch(this.#gaveUp);
      return;
    }
    this.#missed++;
    if (this.#missed === MISSED_BEATS) this.#lapsed();
  };

  readonly #answered = (): void => {
    this.#isUnderWay = false;
    this.#missed = 0;
  };

  readonly #gaveUp = (): void => {
    this.#isUnderWay = false;
  };

  readonly #call = { deadlineMs: DEADLINE_MS, decode: skipBulk, take: this.#answered };
}
