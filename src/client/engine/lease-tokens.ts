import { randomBytes } from 'node:crypto';

/** As many as make it certain that no two processes begin alike. */
const RANDOM_BYTES = 8;

/**
 * Tokens of leases, where the client names them and not the server: none is ever given twice, by any process.
 *
 *   q83v-CkRZ0E.1k     64 random bits of this source, and a count
 */
export class LeaseTokens {
  readonly #prefix = `${randomBytes(RANDOM_BYTES).toString('base64url')}.`;
  #count = 0;

  next(): string {
    return this.#prefix + (++this.#count).toString(36);
  }
}
