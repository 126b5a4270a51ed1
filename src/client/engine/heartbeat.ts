/**
 * Asks a server for a sign of life, so that who relies on its pushes knows how far behind he may be.
 *
 *   beat       every BEAT_MS: the question, unless one is on its way
 *   answered   everything the server pushed before it has come too, since a connection keeps the order. So all that was
 *              changed there before the question was sent has been told
 *   lapsed     told once when that is true of nothing later than LAPSE_BEATS beats ago: 1 s
 *
 *     beats        1    2    3    4    5
 *     question     o---------x              x: its answer. Then all until 1 has been told
 *                                 o         the next; unanswered at 5 it lapses, which is 4 beats after 1
 *
 * Beats are counted, not measured: when the event loop was held up only one of them runs, and what came meanwhile is
 * read before it. The timer does not keep the process alive; a question on its way does, as every call.
 */
import type { Reply } from '../../resp/index.js';
import { skipBulk } from '../bulk-decoders.js';
import type { Argument } from '../connection/command-encoder.js';
import type { Connection } from '../connection/connection.js';
import { ReplyFailure } from '../errors.js';
import type { Timer, TimeSource } from '../time.js';

const BEAT_MS = 250;
const LAPSE_BEATS = 4;
/** A question that is older is given up and asked again: its answer would say nothing that has not lapsed. */
const DEADLINE_MS = BEAT_MS * LAPSE_BEATS;
/** What every server answers. */
export const PING = ['PING'] as const;

export interface HeartbeatOptions {
  /** What is asked. A server that refuses it is asked PING for as long as the connection lasts. */
  readonly question: readonly Argument[];
  /** At the answer's place in the stream; what was refused is answered undefined. `sentMs`: it was sent then, or later. */
  readonly answered: (reply: Reply<unknown> | undefined, sentMs: number) => void;
  readonly lapsed: () => void;
}

export class Heartbeat {
  readonly #connection: Connection;
  readonly #time: TimeSource;
  readonly #options: HeartbeatOptions;
  #question: readonly Argument[] = PING;
  #timer: Timer | undefined;
  #isUnderWay = false;
  #isLapsed = false;
  #beats = 0;
  /** The beat of the newest question, and when that was. */
  #sentBeat = 0;
  #sentMs = 0;
  /** That of the newest one that was answered. */
  #answeredBeat = 0;

  constructor(connection: Connection, time: TimeSource, options: HeartbeatOptions) {
    this.#connection = connection;
    this.#time = time;
    this.#options = options;
  }

  /** The connection is ready. */
  start(): void {
    this.stop();
    this.#question = this.#options.question;
    this.#isUnderWay = false;
    this.#isLapsed = false;
    this.#beats = 0;
    this.#answeredBeat = 0;
    this.#timer = this.#time.later(this.#beat, BEAT_MS, false);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  readonly #beat = (): void => {
    this.#timer = this.#time.later(this.#beat, BEAT_MS, false);
    this.#beats++;
    if (!this.#isUnderWay) this.#ask();
    if (this.#isLapsed || this.#beats - this.#answeredBeat < LAPSE_BEATS) return;
    this.#isLapsed = true;
    this.#options.lapsed();
  };

  #ask(): void {
    this.#isUnderWay = true;
    this.#sentBeat = this.#beats;
    this.#sentMs = this.#time.now();
    this.#connection.call(this.#question, this.#call).catch(this.#failed);
  }

  readonly #answered = (reply: Reply<unknown> | undefined): void => {
    this.#isUnderWay = false;
    // So late it says nothing that has not lapsed.
    if (this.#beats - this.#sentBeat >= LAPSE_BEATS) return;
    this.#isLapsed = false;
    this.#answeredBeat = this.#sentBeat;
    this.#options.answered(reply, this.#sentMs);
  };

  readonly #failed = (error: unknown): void => {
    this.#isUnderWay = false;
    // A refusal is an answer: what stands before it has come.
    if (!(error instanceof ReplyFailure)) return;
    this.#question = PING;
    this.#answered(undefined);
  };

  readonly #call = { deadlineMs: DEADLINE_MS, decode: skipBulk, take: this.#answered };
}
