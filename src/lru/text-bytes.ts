/**
 * Strings as bytes and back, without loss, in the smallest of three forms.
 *
 *   LATIN1   every char is below 256: a byte a char. Copied, not converted: what JSON, HTML and ids mostly are.
 *   UTF8     else, when that is the shorter one and the string is well-formed
 *   UTF16    else: two bytes a char. Also what holds a lone surrogate, which UTF-8 would replace.
 *
 * The form is kept beside the bytes, so each string comes back char by char as it went in. That a string is
 * LATIN1 costs one test: strings that the engine itself holds in single bytes are known at sight.
 */
import { Block } from '../base/index.js';

export const LATIN1 = 0;
export const UTF8 = 1;
export const UTF16 = 2;

/** The room kept between uses. What is longer gets its own for the moment. */
const KEPT_BYTES = 65_536;
/** Up to this length a loop is faster than a call into the engine. */
const LOOP_CHARS = 24;

const beyondLatin1 = /[^\x00-\xff]/;

/** Room for one encoded string, or for bytes on their way; valid until it is used again. */
export class TextBytes {
  block: Block;
  length = 0;
  form: number = LATIN1;
  readonly #kept: Block;

  constructor() {
    this.#kept = Block.ofLength(KEPT_BYTES);
    this.block = this.#kept;
  }

  /** Makes room for so many bytes; what was here is void. */
  reserve(length: number): void {
    this.length = length;
    if (length > KEPT_BYTES) {
      this.block = new Block(new Uint8Array(Buffer.allocUnsafeSlow(length).buffer));
    } else if (this.block !== this.#kept) {
      this.block = this.#kept;
    }
  }

  /** Lets go of room that was made for one large use. */
  release(): void {
    this.reserve(0);
  }

  /** Encodes the string. `false`, and nothing is done: it takes more than `maxBytes`. */
  encode(text: string, maxBytes: number): boolean {
    if (text.length <= LOOP_CHARS && this.#encodeShort(text)) return text.length <= maxBytes;
    return this.#encodeAs(formOf(text), text, maxBytes);
  }

  /** `encode` in LATIN1 or UTF16, so that equal strings have equal bytes and a form of different ones tells them apart. */
  encodeKey(text: string, maxBytes: number): boolean {
    if (text.length <= LOOP_CHARS && this.#encodeShort(text)) return text.length <= maxBytes;
    return this.#encodeAs(beyondLatin1.test(text) ? UTF16 : LATIN1, text, maxBytes);
  }

  #encodeAs(form: number, text: string, maxBytes: number): boolean {
    const length =
      form === LATIN1 ? text.length : form === UTF16 ? text.length * 2 : Buffer.byteLength(text, 'utf8');
    if (length > maxBytes) return false;
    this.reserve(length);
    this.form = form;
    bufferOf(this.block).write(text, 0, length, encodings[form]);
    return true;
  }

  #encodeShort(text: string): boolean {
    this.reserve(text.length);
    this.form = LATIN1;
    const bytes = this.block.bytes;
    let seen = 0;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      seen |= code;
      bytes[i] = code;
    }
    return seen < 256;
  }
}

/** The string that was encoded in this form to these bytes. */
export function decodeText(block: Block, at: number, length: number, form: number): string {
  return bufferOf(block).toString(encodings[form], at, at + length);
}

/** Buffers over the blocks that were read from: a Block of a Buffer would slow down all who use blocks. */
const buffers = new WeakMap<Block, Buffer>();

const encodings = ['latin1', 'utf8', 'utf16le'] as const;

function formOf(text: string): number {
  if (!beyondLatin1.test(text)) return LATIN1;
  return Buffer.byteLength(text, 'utf8') < text.length * 2 && isWellFormed(text) ? UTF8 : UTF16;
}

function bufferOf(block: Block): Buffer {
  let buffer = buffers.get(block);
  if (buffer === undefined) {
    const { bytes } = block;
    buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    buffers.set(block, buffer);
  }
  return buffer;
}

/** Every Node since 20 has it, the ES2023 types do not. */
function isWellFormed(text: string): boolean {
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}
