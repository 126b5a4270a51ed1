import { Block, byteString } from '../base/index.js';
import {
  type BlockPool,
  defaultReaderLimits,
  FAILED,
  READY,
  type ReaderLimits,
  RequestReader,
} from './index.js';

/** Reads through one read buffer that is scribbled over after each piece, as a socket's next read would. */
export class ReaderHarness {
  readonly reader: RequestReader;
  readonly requests: string[][] = [];
  arrivedBytes = 0;
  /** The largest ratio of memory taken to bytes arrived, beyond the smallest block. */
  worstGrowth = 0;
  readonly #buffer = Block.ofLength(1 << 17);

  constructor(limits: Partial<ReaderLimits> = {}, pool?: BlockPool) {
    this.reader = new RequestReader({ ...defaultReaderLimits, ...limits }, pool);
  }

  /** Feeds one piece and reads all there is, or at most `limit` requests. */
  feed(piece: string, limit = Number.POSITIVE_INFINITY): this {
    const at = 7 + (this.arrivedBytes % 5);
    for (let i = 0; i < piece.length; i++) this.#buffer.bytes[at + i] = piece.charCodeAt(i);
    this.arrivedBytes += piece.length;
    this.reader.feed(this.#buffer, at, at + piece.length);
    this.read(limit);
    this.reader.keep();
    this.#buffer.bytes.fill(0xee, at, at + piece.length);
    const excess = this.reader.pendingCapacity / Math.max(64, this.arrivedBytes);
    this.worstGrowth = Math.max(this.worstGrowth, excess);
    return this;
  }

  read(limit = Number.POSITIVE_INFINITY): void {
    for (let n = 0; n < limit; n++) {
      const result = this.reader.next();
      if (result !== READY) break;
      const { request } = this.reader;
      this.requests.push(
        Array.from({ length: request.count }, (_, i) =>
          byteString(request.block, request.starts[i], request.lengths[i]),
        ),
      );
    }
  }

  get failure(): string | undefined {
    return this.reader.next() === FAILED ? this.reader.error : undefined;
  }
}

/** Feeds pieces one after the other; what was understood, and the error if there was one. */
export function readAll(pieces: Iterable<string>, limits: Partial<ReaderLimits> = {}): unknown {
  const harness = new ReaderHarness(limits);
  for (const piece of pieces) harness.feed(piece);
  return { requests: harness.requests, failure: harness.failure };
}

/** A request as clients send it. */
export function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

/** Cuts a text at the given offsets. */
export function cutAt(text: string, offsets: readonly number[]): string[] {
  const cuts = [0, ...offsets.map((offset) => offset % (text.length + 1)).sort((a, b) => a - b), text.length];
  return cuts.slice(1).map((end, i) => text.slice(cuts[i], end));
}
