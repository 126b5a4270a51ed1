/**
 * How messages lie in a stream of bytes to another node, which goes one way.
 *
 *   length (4 bytes, big endian)  message          the first message says who sends: {"life":"7-9f3a01c2","cluster":"c1"}
 *
 * How large a message may be is said by the form of the stream (stream-form.ts). The reader keeps what has come of one, never what a length
 * promises, and copies it once, into memory of its own that can be given to another thread.
 */
import { aString, fields, type Incarnation, isIncarnation, isRefusal, readData } from '../../ring/index.js';
import { BusTrouble } from '../bus/trouble.js';

/** Some 80 bytes. */
const MAX_HELLO_BYTES = 1024;
const LENGTH_BYTES = 4;

/** A piece of a message, from `at` on, at most so many bytes; the first one behind its length. */
export function pieceOf(message: Uint8Array, at: number, maxBytes: number): Uint8Array {
  const piece = message.subarray(at, at + maxBytes);
  if (at > 0) return piece;
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + piece.length);
  bytes.writeUInt32BE(message.length, 0);
  bytes.set(piece, LENGTH_BYTES);
  return bytes;
}

/** Who sends what follows. */
export interface StreamHello {
  readonly life: Incarnation;
  readonly cluster: string;
}

export function writeHello(hello: StreamHello): Uint8Array {
  return Buffer.from(JSON.stringify(hello));
}

const helloShape = fields<StreamHello>({ life: aString, cluster: aString });

/** Throws BusTrouble. */
export function readHello(bytes: Uint8Array): StreamHello {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw new BusTrouble('garbage', 'a stream that begins with no JSON');
  }
  const hello = readData(helloShape, value, 'the beginning of a stream');
  if (isRefusal(hello)) throw new BusTrouble('garbage', hello.refused);
  if (!isIncarnation(hello.life)) throw new BusTrouble('garbage', 'a stream of no life');
  return hello;
}

/** Puts messages together from what comes. */
export class MessageReader {
  readonly #maxMessageBytes: number;
  #maxBytes = MAX_HELLO_BYTES;
  #chunks: Uint8Array[] = [];
  #length = 0;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** What has come of a message that is not whole. */
  get gatheredBytes(): number {
    return this.#length;
  }

  push(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** The next message that is whole. The first is a hello, and short. Throws BusTrouble. */
  next(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#length < LENGTH_BYTES) return undefined;
    const length = this.#peekLength();
    if (length > this.#maxBytes)
      throw new BusTrouble('garbage', `a message of ${length} bytes: at most ${this.#maxBytes}`);
    if (this.#length < LENGTH_BYTES + length) return undefined;
    this.#maxBytes = this.#maxMessageBytes;
    this.#take(Buffer.allocUnsafe(LENGTH_BYTES));
    // Not of the pool: it is to be given away.
    const message = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    this.#take(message);
    return message;
  }

  #peekLength(): number {
    let length = 0;
    let bytes = 0;
    for (const chunk of this.#chunks) {
      for (let i = 0; i < chunk.length && bytes < LENGTH_BYTES; i++, bytes++)
        length = length * 256 + (chunk[i] as number);
      if (bytes === LENGTH_BYTES) break;
    }
    return length;
  }

  /** Fills it with what came first. */
  #take(bytes: Uint8Array): void {
    this.#length -= bytes.length;
    let filled = 0;
    let used = 0;
    for (const chunk of this.#chunks) {
      const part = chunk.subarray(0, bytes.length - filled);
      bytes.set(part, filled);
      filled += part.length;
      if (part.length < chunk.length) {
        this.#chunks[used] = chunk.subarray(part.length);
        break;
      }
      used++;
    }
    this.#chunks.splice(0, used);
  }
}
