/**
 * What all nodes of a cluster know and nobody else. It never travels: each side proves that it knows it, by an HMAC of what both
 * have said, and the keys of a connection are derived from it and from the random challenges of both.
 * Source: RFC 2104 (HMAC), RFC 5869 (HKDF).
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** Shorter ones can be guessed by who listens to a handshake. */
export const MIN_SECRET_LENGTH = 16;
const KEY_BYTES = 32;

export type Side = 'dialer' | 'acceptor';

export class ClusterSecret {
  /** False: nothing is kept from anybody who can connect. */
  readonly isGiven: boolean;
  readonly #key: Buffer;

  /** Undefined: none. Throws if it is too short. */
  constructor(text: string | undefined) {
    if (text !== undefined && text.length < MIN_SECRET_LENGTH) {
      throw new Error(
        `the cluster secret has ${text.length} characters: it has at least ${MIN_SECRET_LENGTH}, drawn at random (openssl rand -hex 32)`,
      );
    }
    this.isGiven = text !== undefined;
    this.#key = Buffer.from(hkdfSync('sha256', text ?? '', '', 'nuthatch bus secret', KEY_BYTES));
  }

  proof(side: Side, transcript: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(`nuthatch bus proof ${side}`).update(transcript).digest();
  }

  isProof(given: Buffer, side: Side, transcript: Buffer): boolean {
    const right = this.proof(side, transcript);
    return given.length === right.length && timingSafeEqual(given, right);
  }

  /** Of the frames that this side sends. */
  frameKey(side: Side, transcript: Buffer): Buffer {
    return Buffer.from(
      hkdfSync('sha256', this.#key, transcript, `nuthatch bus frames of ${side}`, KEY_BYTES),
    );
  }
}
