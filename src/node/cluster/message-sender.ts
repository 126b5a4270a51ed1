/**
 * The way of messages of one kind to one other node: a stream that is opened when there is something to say.
 *
 *              send                   opened: says who sends
 *   IDLE ──────────────> OPENING ─────────────────────────────> OPEN
 *    ^                      │ failed: queue dropped                │ lost: queue dropped
 *    │ waited               v                                      v
 *    └────────────────── WAITING <─────────────────────────────────┘     what is said meanwhile is dropped
 *
 * When more waits than the form of the stream allows, what comes is dropped, and not what is on its way: a replica that asks again while a large
 * write comes would else never get it. (Replication has a window: what is under way to a replica is 1 MiB, or one write that is larger.)
 *
 * A large message goes in pieces, and all who send share the bytes of a turn: to seal 512 MiB at once would hold up heartbeats for seconds.
 */
import type { Duplex } from 'node:stream';
import type { Backoff } from '../../base/index.js';
import type { NodeId } from '../../ring/index.js';
import { pieceOf } from './message-frames.js';
import type { Turns } from './turns.js';

const PIECE_BYTES = 64 * 1024;
/** To seal a small piece and hand it to the system takes as long as to seal so many bytes. */
const LEAST_PIECE_BYTES = 4 * 1024;
/** A stream on which nothing is said for so long is closed, in ms: a primary says something each 100 ms. */
const IDLE_MS = 30_000;

export interface SenderOptions {
  readonly to: NodeId;
  readonly open: () => Promise<Duplex>;
  /** What a stream begins with. */
  readonly hello: () => Uint8Array;
  readonly backoff: Backoff;
  readonly maxQueuedBytes: number;
  readonly turns: Turns;
  /** This way needs the message no more; false: it was dropped. */
  readonly settled: (message: Uint8Array, isSent: boolean) => void;
}

export class MessageSender {
  readonly #options: SenderOptions;
  /** Undefined: there is none; it is being opened while `isOpening`. */
  #stream: Duplex | undefined;
  #isOpening = false;
  #isClosed = false;
  #waitMs: number | undefined;
  #openAtMs = Number.POSITIVE_INFINITY;
  #saidAtMs: number | undefined;
  #queue: Uint8Array[] = [];
  /** Of the first in the queue, sent. */
  #sentBytes = 0;
  #queuedBytes = 0;
  readonly #goOn = (): void => this.#pump();

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  get to(): NodeId {
    return this.#options.to;
  }

  get isOpen(): boolean {
    return this.#stream !== undefined;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Nothing was said for long, nor is anything to be said: it may be forgotten. */
  isIdle(nowMs: number): boolean {
    this.#saidAtMs ??= nowMs;
    return this.#queuedBytes === 0 && nowMs - this.#saidAtMs >= IDLE_MS;
  }

  send(message: Uint8Array): void {
    const { maxQueuedBytes, settled } = this.#options;
    if (this.#isClosed || this.#waitMs !== undefined || this.#queuedBytes > maxQueuedBytes) {
      settled(message, false);
      return;
    }
    this.#saidAtMs = undefined;
    this.#queue.push(message);
    this.#queuedBytes += message.length;
    if (this.#stream !== undefined) this.#pump();
    else if (!this.#isOpening) void this.#begin();
  }

  tick(nowMs: number): void {
    if (this.#waitMs === undefined) return;
    if (this.#openAtMs === Number.POSITIVE_INFINITY) this.#openAtMs = nowMs + this.#waitMs;
    if (nowMs < this.#openAtMs) return;
    this.#waitMs = undefined;
    this.#openAtMs = Number.POSITIVE_INFINITY;
  }

  close(): void {
    this.#isClosed = true;
    this.#clear();
    this.#stream?.destroy();
    this.#stream = undefined;
  }

  async #begin(): Promise<void> {
    this.#isOpening = true;
    let stream: Duplex | undefined;
    try {
      stream = await this.#options.open();
    } catch {
      // The bus has told why; the way of messages to that node fares alike.
    }
    this.#isOpening = false;
    if (this.#isClosed || stream === undefined || stream.destroyed) {
      stream?.destroy();
      this.#drop(undefined);
      return;
    }
    this.#stream = stream;
    const opened = stream;
    opened.on('drain', this.#goOn);
    opened.on('close', () => this.#drop(opened));
    // Nothing comes this way but the end.
    opened.on('end', () => this.#drop(opened));
    opened.resume();
    const hello = this.#options.hello();
    opened.write(pieceOf(hello, 0, hello.length));
    this.#pump();
  }

  #pump(): void {
    const { turns, backoff, settled } = this.#options;
    const stream = this.#stream;
    while (stream !== undefined && stream === this.#stream && !stream.writableNeedDrain) {
      const message = this.#queue[0];
      if (message === undefined) return;
      if (!turns.hasLeft) {
        turns.wait(this.#goOn);
        return;
      }
      const piece = pieceOf(message, this.#sentBytes, PIECE_BYTES);
      const bytes = Math.min(PIECE_BYTES, message.length - this.#sentBytes);
      turns.take(Math.max(bytes, LEAST_PIECE_BYTES));
      this.#sentBytes += bytes;
      this.#queuedBytes -= bytes;
      if (this.#sentBytes === message.length) {
        this.#queue.shift();
        this.#sentBytes = 0;
        settled(message, true);
      }
      backoff.reset();
      stream.write(piece);
    }
  }

  #drop(stream: Duplex | undefined): void {
    if (stream !== this.#stream) return;
    this.#stream = undefined;
    this.#clear();
    stream?.destroy();
    this.#waitMs = this.#options.backoff.nextMs();
  }

  #clear(): void {
    const queue = this.#queue;
    this.#queue = [];
    this.#sentBytes = 0;
    this.#queuedBytes = 0;
    for (const message of queue) this.#options.settled(message, false);
  }
}
