/**
 * The tag of a frame: HMAC-SHA256 of its number and its bytes, under a key of this connection and direction. The number is
 * counted on both sides and never sent, so that a frame repeated, left out or moved has a wrong tag, as one changed has.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Frame, frameOf, TAG_BYTES } from './frame.js';
import { BusTrouble } from './trouble.js';

/** The length stands before what is sealed; a wrong one moves the tag. */
const LENGTH_BYTES = 4;

export class Seal {
  readonly #key: Buffer;
  #number = 0n;

  constructor(key: Buffer) {
    this.#key = key;
  }

  /** The frame, sealed. */
  frame(type: number, body: Uint8Array): Buffer {
    const bytes = frameOf(type, body, TAG_BYTES);
    const end = bytes.length - TAG_BYTES;
    bytes.set(this.#next(bytes.subarray(LENGTH_BYTES, end)), end);
    return bytes;
  }

  /** Takes off the tag. Throws BusTrouble. */
  open({ type, body, sealed }: Frame & { readonly sealed: Buffer }): Frame {
    const end = sealed.length - TAG_BYTES;
    if (body.length < TAG_BYTES) throw new BusTrouble('tampered');
    if (!timingSafeEqual(this.#next(sealed.subarray(0, end)), sealed.subarray(end)))
      throw new BusTrouble('tampered');
    return { type, body: body.subarray(0, body.length - TAG_BYTES) };
  }

  #next(bytes: Uint8Array): Buffer {
    const number = Buffer.allocUnsafe(8);
    number.writeBigUInt64BE(this.#number++);
    return createHmac('sha256', this.#key).update(number).update(bytes).digest();
  }
}
