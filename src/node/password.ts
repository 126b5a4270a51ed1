/**
 * The password of user `default`. Compared in constant time: both sides are hashed to the same length first,
 * so neither the length nor the first difference shows in how long it takes.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

export class Password {
  /** As a byte string, since CONFIG GET requirepass tells it. */
  readonly text: string;
  readonly #digest: Buffer;

  /** `text` is a byte string. */
  constructor(text: string) {
    this.text = text;
    this.#digest = digest(text);
  }

  /** What a person has written in a file or on the command line arrives as UTF-8 from clients. */
  static ofPlainText(text: string): Password | undefined {
    return text === '' ? undefined : new Password(Buffer.from(text, 'utf8').toString('latin1'));
  }

  matches(given: string): boolean {
    return timingSafeEqual(this.#digest, digest(given));
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'latin1').digest();
}
