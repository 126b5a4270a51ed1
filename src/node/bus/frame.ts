/**
 * Frames: how bytes on a connection between nodes are cut.
 *
 *   length   version  type   body        tag
 *   4 bytes  1        1      0 or more   32, once the connection is authenticated (seal.ts)
 *   └ of all that follows, big endian
 *
 * The reader keeps what has come of a frame, never what a length promises, so that a stranger who announces megabytes costs what
 * he sends. Bounded by `maxBytes`, which is small until the other side is known.
 */
import { MAX_TOPOLOGY_BYTES } from '../../ring/index.js';
import { BusTrouble } from './trouble.js';

/** Raised when the meaning of frames changes; both sides must have the same. */
export const BUS_VERSION = 1;

/** A whole topology and what a message says beside it. */
export const MAX_MESSAGE_BYTES = MAX_TOPOLOGY_BYTES + 1024 * 1024;
/** An introduction has some 400 bytes. */
export const MAX_GREETING_BYTES = 2048;

export const TAG_BYTES = 32;
const LENGTH_BYTES = 4;
const HEAD_BYTES = 2;

/** What a frame is. */
export const FrameType = {
  /** Who I am, and what I ask you to prove. */
  HELLO: 1,
  /** I know the secret. */
  PROOF: 2,
  /** I do not go on with you; the body says why. */
  REFUSED: 3,
  /** JSON. */
  MESSAGE: 4,
  /** I am still there. */
  ALIVE: 5,
  /** The next bytes of a stream. */
  BYTES: 6,
  /** The stream is complete. */
  END: 7,
} as const;

export interface Frame {
  readonly type: number;
  readonly body: Buffer;
}

/** A frame without a tag; with one, seal.ts fills the room that is left for it. */
export function frameOf(type: number, body: Uint8Array, tagBytes = 0): Buffer {
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + HEAD_BYTES + body.length + tagBytes);
  bytes.writeUInt32BE(HEAD_BYTES + body.length + tagBytes, 0);
  bytes[LENGTH_BYTES] = BUS_VERSION;
  bytes[LENGTH_BYTES + 1] = type;
  bytes.set(body, LENGTH_BYTES + HEAD_BYTES);
  return bytes;
}

export class FrameReader {
  /** Of a body and its tag. */
  maxBytes: number;
  #chunks: Buffer[] = [];
  #length = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** The next frame that is complete, its tag still at the end of its body, and the bytes that were sealed. Throws BusTrouble. */
  next(): (Frame & { readonly sealed: Buffer }) | undefined {
    if (this.#length < LENGTH_BYTES) return undefined;
    const length = this.#peek(LENGTH_BYTES).readUInt32BE(0);
    if (length < HEAD_BYTES) throw new BusTrouble('garbage', `a frame of ${length} bytes: it has at least 2`);
    if (length > this.maxBytes + HEAD_BYTES) {
      throw new BusTrouble(
        'garbage',
        `a frame of ${length} bytes: at most ${this.maxBytes + HEAD_BYTES} are taken here`,
      );
    }
    if (this.#length >= LENGTH_BYTES + 1) {
      const version = this.#peek(LENGTH_BYTES + 1)[LENGTH_BYTES];
      if (version !== BUS_VERSION)
        throw new BusTrouble('version', `version ${version}, and ours is ${BUS_VERSION}`);
    }
    if (this.#length < LENGTH_BYTES + length) return undefined;
    const whole = this.#peek(LENGTH_BYTES + length);
    this.#skip(LENGTH_BYTES + length);
    const sealed = whole.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
    return { type: sealed[1] as number, body: sealed.subarray(HEAD_BYTES), sealed };
  }

  /** At least so many bytes, which are there, in one piece; joined once a frame is there, so that each byte is copied once. */
  #peek(bytes: number): Buffer {
    const first = this.#chunks[0] as Buffer;
    if (first.length >= bytes) return first;
    if (bytes > LENGTH_BYTES + 1) {
      this.#chunks = [Buffer.concat(this.#chunks)];
      return this.#chunks[0] as Buffer;
    }
    let head = first;
    for (let i = 1; head.length < bytes; i++) head = Buffer.concat([head, this.#chunks[i] as Buffer]);
    return head;
  }

  #skip(bytes: number): void {
    const [first, ...rest] = this.#chunks as [Buffer, ...Buffer[]];
    this.#length -= bytes;
    this.#chunks = first.length === bytes ? rest : [first.subarray(bytes), ...rest];
  }
}
