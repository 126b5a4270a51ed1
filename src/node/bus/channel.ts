/**
 * One connection between two nodes, whichever side dialed it: greeted, then frames under seals, until it closes.
 *
 *   GREETING ──both proved──> OPEN ──> CLOSED
 *      └──refused, garbage, too slow──────^   silence, a wrong tag, the end of the socket
 *
 * Each side says ALIVE when it has said nothing for a while, and gives up one that it has not heard for longer: so that neither
 * keeps half of a connection whose other half is gone. Time comes with `tick`; a tick that comes late by seconds counts as one
 * of a second, since then it was this process that stood still.
 */
import type { Socket } from 'node:net';
import {
  type Frame,
  FrameReader,
  FrameType,
  frameOf,
  MAX_GREETING_BYTES,
  MAX_MESSAGE_BYTES,
  TAG_BYTES,
} from './frame.js';
import type { Handshake, Introduction, Known } from './handshake.js';
import { BusTrouble } from './trouble.js';

/** A handshake is two round trips; slower ones make room for others. In ms. */
const GREETING_MS = 5_000;
/** In ms. */
const ALIVE_EVERY_MS = 1_000;
/** Some lost packets and a long collection of garbage fit into it. In ms. */
const SILENCE_MS = 5_000;
/** So much of the time between two ticks counts, in ms. */
const MAX_TICK_MS = 1_000;

const nothing = Buffer.alloc(0);

export interface ChannelEvents {
  opened(peer: Introduction): void;
  frame(frame: Frame): void;
  /** What was written has left; there is room again. */
  drained(): void;
  /** Once, at the end, also of one that never opened. */
  closed(why: BusTrouble): void;
}

export class Channel {
  readonly #socket: Socket;
  readonly #handshake: Handshake;
  readonly #events: ChannelEvents;
  readonly #reader = new FrameReader(MAX_GREETING_BYTES);
  #known: Known | undefined;
  #isClosed = false;
  #isEnding = false;
  /** Why it is not gone on with; the other side is being told. */
  #refusal: BusTrouble | undefined;
  #silentMs = 0;
  #quietMs = 0;
  #tickedAtMs: number | undefined;

  /** The socket is connecting or connected. */
  constructor(socket: Socket, handshake: Handshake, events: ChannelEvents) {
    this.#socket = socket;
    this.#handshake = handshake;
    this.#events = events;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('drain', () => events.drained());
    socket.on('error', (error) => this.close(new BusTrouble('lost', error.message)));
    socket.on('close', () => this.close(new BusTrouble('lost')));
    for (const bytes of handshake.begin()) socket.write(bytes);
  }

  get isOpen(): boolean {
    return this.#known !== undefined && !this.#isClosed;
  }

  /** Whether what is written now would go to the network, and not wait in memory. */
  get hasRoom(): boolean {
    return this.isOpen && !this.#isEnding && !this.#socket.writableNeedDrain;
  }

  /** Of one that is open. */
  send(type: number, body: Uint8Array): void {
    this.#quietMs = 0;
    this.#socket.write((this.#known as Known).sending.frame(type, body));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  tick(nowMs: number): void {
    const passedMs = Math.min(nowMs - (this.#tickedAtMs ?? nowMs), MAX_TICK_MS);
    this.#tickedAtMs = nowMs;
    // Who does not read cannot hear.
    if (!this.#socket.isPaused()) this.#silentMs += passedMs;
    this.#quietMs += passedMs;
    if (this.#silentMs >= (this.isOpen ? SILENCE_MS : GREETING_MS)) this.close(new BusTrouble('silent'));
    else if (this.#quietMs >= ALIVE_EVERY_MS && this.hasRoom) this.send(FrameType.ALIVE, nothing);
  }

  /** All that was written still goes out. It closes when the other side has ended too: who closes with bytes unread may lose what is under way. */
  end(): void {
    this.#isEnding = true;
    this.#socket.end();
  }

  close(why: BusTrouble): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.destroy();
    this.#events.closed(this.#refusal ?? why);
  }

  #receive(chunk: Buffer): void {
    if (this.#isClosed || this.#refusal !== undefined) return;
    try {
      this.#reader.push(chunk);
      while (!this.#isClosed && this.#refusal === undefined) {
        const raw = this.#reader.next();
        if (raw === undefined) return;
        if (this.#known === undefined) this.#greet(raw);
        else {
          const frame = this.#known.receiving.open(raw);
          this.#silentMs = 0;
          if (frame.type !== FrameType.ALIVE) this.#events.frame(frame);
        }
      }
    } catch (error) {
      if (!(error instanceof BusTrouble)) throw error;
      this.#refuse(error);
    }
  }

  #greet(frame: Frame): void {
    const { say, known } = this.#handshake.receive(frame);
    for (const bytes of say) this.#socket.write(bytes);
    if (known === undefined) return;
    this.#known = known;
    this.#silentMs = 0;
    this.#reader.maxBytes = MAX_MESSAGE_BYTES + TAG_BYTES;
    this.#events.opened(known.peer);
  }

  /** Tells the other side why, while it is a greeting: later nothing unsealed is believed. */
  #refuse(why: BusTrouble): void {
    if (this.#known !== undefined) {
      this.close(why);
      return;
    }
    this.#refusal = why;
    this.#socket.end(frameOf(FrameType.REFUSED, Buffer.from(why.code)));
  }
}
