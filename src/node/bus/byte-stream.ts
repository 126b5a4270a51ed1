/**
 * A connection of its own to another node as a stream of bytes both ways, for replication and publications. What arrives is whole and in order or an
 * error: a stream that ends has said so under its seal, one that is cut fails. Who reads slowly slows down the writer, through TCP.
 */
import { Duplex } from 'node:stream';
import type { Channel } from './channel.js';
import { type Frame, FrameType } from './frame.js';
import { BusTrouble } from './trouble.js';

/** Longer writes are split, so that the other side holds no more than this beyond what it wants. */
const MAX_CHUNK_BYTES = 64 * 1024;

export class ByteStream extends Duplex {
  readonly #channel: Channel;
  #resume: (() => void) | undefined;
  #hasEnded = false;
  #hasFinished = false;

  constructor(channel: Channel) {
    super({ allowHalfOpen: true });
    this.#channel = channel;
    // It may fail in the turn in which it is handed out, before its user can listen; what failed is in `errored`, and 'close' comes.
    this.on('error', () => {});
  }

  override _read(): void {
    this.#channel.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: (error?: Error) => void): void {
    if (!this.#channel.isOpen) {
      done(new BusTrouble('lost'));
      return;
    }
    for (let at = 0; at < chunk.length; at += MAX_CHUNK_BYTES) {
      this.#channel.send(FrameType.BYTES, chunk.subarray(at, at + MAX_CHUNK_BYTES));
    }
    if (this.#channel.hasRoom) done();
    else this.#resume = done;
  }

  override _final(done: (error?: Error) => void): void {
    if (this.#channel.isOpen) this.#channel.send(FrameType.END, Buffer.alloc(0));
    this.#hasFinished = true;
    this.#leave();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.#hasEnded || !this.#hasFinished) this.#channel.close(new BusTrouble('lost'));
    done(error);
  }

  frame({ type, body }: Frame): void {
    if (type === FrameType.END) {
      this.#hasEnded = true;
      this.push(null);
      this.#leave();
    } else if (type === FrameType.BYTES && !this.#hasEnded) {
      if (!this.push(body)) this.#channel.pause();
    } else this.#channel.close(new BusTrouble('garbage', `a frame of type ${type} in a stream`));
  }

  drained(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  lost(why: BusTrouble): void {
    if (!this.#hasEnded || !this.#hasFinished) this.destroy(why);
  }

  /** Both have said all. */
  #leave(): void {
    if (this.#hasEnded && this.#hasFinished) this.#channel.end();
  }
}
