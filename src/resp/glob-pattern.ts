import type { Block } from '../base/index.js';

/**
 * Glob patterns as Redis matches them: `*`, `?`, `[a-z]`, `[^a-z]`, and `\` before what is meant literally.
 *
 * A pattern is compiled once: runs of stars become one, classes become sets of 256 bits. Matching goes along
 * the text and, when it fails, back only to the last star, which is enough: what an earlier star could have
 * taken more, the last one can take as well. So `a*a*a*a*b` costs no more than its longest part at every
 * position of the text, and a step costs the same whatever a class looks like.
 *
 * A text that repeats a part almost to its end could still take (length of text * length of part) steps.
 * They are bounded: a match that needs more than 256 steps per byte of a long text is taken for none.
 *
 * Peculiarities kept from Redis 7.0: a text of 0 bytes matches the empty pattern only, not even `*`; ranges compare
 * bytes as signed; a class without its bracket ends with the pattern; `[^` matches any byte; an escaped byte in a
 * class does not follow `ignoreCase`. Source: `stringmatchlen` in util.c of Redis.
 */
export class GlobPattern {
  /** The pattern is just `*`, by which commands mean all there is. */
  readonly isAll: boolean;
  /** One per byte of text: 0-255 that byte, ANY, STAR, or FIRST_CLASS + the place of its set in `#classes`. */
  readonly #tokens: Int32Array;
  readonly #classes: Int32Array;
  readonly #ignoreCase: boolean;

  constructor(pattern: Block, at: number, length: number, ignoreCase = false) {
    const compiler = new Compiler(pattern.bytes.subarray(at, at + length), ignoreCase);
    this.#tokens = Int32Array.from(compiler.tokens);
    this.#classes = Int32Array.from(compiler.classes);
    this.#ignoreCase = ignoreCase;
    this.isAll = length === 1 && pattern.bytes[at] === ASTERISK;
  }

  /** Whether the whole text matches. */
  matches(text: Block, at: number, length: number): boolean {
    const tokens = this.#tokens;
    if (length === 0) return tokens.length === 0;
    const bytes = text.bytes;
    const end = at + length;
    let budget = Math.max(FREE_STEPS, STEPS_PER_BYTE * length);
    let i = at;
    let t = 0;
    let starToken = -1;
    let starText = 0;
    while (i < end) {
      if (--budget < 0) return false;
      const token = t < tokens.length ? tokens[t] : NOTHING;
      if (token === STAR) {
        starToken = t++;
        starText = i;
      } else if (this.#matchesByte(token, bytes[i])) {
        t++;
        i++;
      } else if (starToken >= 0) {
        t = starToken + 1;
        i = ++starText;
      } else {
        return false;
      }
    }
    return t === tokens.length || (t === tokens.length - 1 && tokens[t] === STAR);
  }

  #matchesByte(token: number, byte: number): boolean {
    if (token === ANY) return true;
    if (token < FIRST_CLASS) return token === (this.#ignoreCase ? lower(byte) : byte);
    return ((this.#classes[token - FIRST_CLASS + (byte >>> 5)] >>> (byte & 31)) & 1) === 1;
  }
}

const NOTHING = -1;
const ANY = 256;
const STAR = 257;
const FIRST_CLASS = 258;

/** 32-bit words of a set of bytes. */
const CLASS_WORDS = 8;

const STEPS_PER_BYTE = 256;
/** Steps every match may take, about half a millisecond. */
const FREE_STEPS = 1 << 18;

const ASTERISK = 0x2a;
const MINUS = 0x2d;
const QUESTION_MARK = 0x3f;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const CIRCUMFLEX = 0x5e;

class Compiler {
  readonly tokens: number[] = [];
  readonly classes: number[] = [];
  readonly #pattern: Uint8Array;
  readonly #ignoreCase: boolean;
  #at = 0;

  constructor(pattern: Uint8Array, ignoreCase: boolean) {
    this.#pattern = pattern;
    this.#ignoreCase = ignoreCase;
    while (this.#at < pattern.length) this.#token(pattern[this.#at++]);
  }

  #token(byte: number): void {
    const { tokens } = this;
    if (byte === ASTERISK) {
      if (tokens.at(-1) !== STAR) tokens.push(STAR);
    } else if (byte === QUESTION_MARK) {
      tokens.push(ANY);
    } else if (byte === OPEN_BRACKET) {
      tokens.push(FIRST_CLASS + this.classes.length);
      this.classes.push(...this.#class());
    } else {
      const isEscape = byte === BACKSLASH && this.#at < this.#pattern.length;
      const literal = isEscape ? this.#pattern[this.#at++] : byte;
      tokens.push(this.#ignoreCase ? lower(literal) : literal);
    }
  }

  /** The set of bytes that the class beginning here takes; steps behind it. */
  #class(): Int32Array {
    const pattern = this.#pattern;
    const set = new Int32Array(CLASS_WORDS);
    const isNegated = pattern[this.#at] === CIRCUMFLEX;
    if (isNegated) this.#at++;
    for (;;) {
      const left = pattern.length - this.#at;
      const byte = pattern[this.#at];
      if (left === 0) break;
      if (byte === BACKSLASH && left >= 2) {
        add(set, pattern[this.#at + 1]);
        this.#at += 2;
      } else if (byte === CLOSE_BRACKET) {
        this.#at++;
        break;
      } else if (left >= 3 && pattern[this.#at + 1] === MINUS) {
        this.#addRange(set, byte, pattern[this.#at + 2]);
        this.#at += 3;
      } else {
        this.#addRange(set, byte, byte);
        this.#at++;
      }
    }
    return isNegated ? set.map((word) => ~word) : set;
  }

  #addRange(set: Int32Array, from: number, to: number): void {
    const fold = this.#ignoreCase ? lower : (byte: number) => byte;
    const [first, last] = signed(from) <= signed(to) ? [fold(from), fold(to)] : [fold(to), fold(from)];
    for (let byte = 0; byte < 256; byte++) {
      const folded = signed(fold(byte));
      if (folded >= signed(first) && folded <= signed(last)) add(set, byte);
    }
  }
}

function add(set: Int32Array, byte: number): void {
  set[byte >>> 5] = (set[byte >>> 5] ?? 0) | (1 << (byte & 31));
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

/** The byte as the signed char of C. */
function signed(byte: number): number {
  return (byte << 24) >> 24;
}
