import { assert, type Block } from '../base/index.js';

/**
 * Finds what belongs to a command name while the name is still bytes: no string is made, letters count alike
 * in both cases, and one probe decides.
 *
 * A perfect hash. The constructor tries multipliers until no two names fall into one slot, and doubles the
 * table when none does; the names are few and known, so this ends soon. A lookup folds and hashes the bytes,
 * probes, and compares the name byte by byte.
 */
export class CommandIndex<T> {
  readonly #values: (T | undefined)[];
  /** Slot -> where its name lies in `#names`, and how long it is. */
  readonly #starts: Int32Array;
  readonly #lengths: Int32Array;
  /** The names one after the other, folded. */
  readonly #names: Uint8Array;
  readonly #multiplier: number;
  readonly #shift: number;
  readonly #longest: number;

  /** Names are ASCII in any case, each at most once. */
  constructor(entries: Iterable<readonly [name: string, value: T]>) {
    const list = [...entries];
    const names = list.map(([name]) => Uint8Array.from(name, (char) => fold(char.charCodeAt(0))));
    assert(
      new Set(list.map(([name]) => name.toLowerCase())).size === list.length,
      'a command name is given twice',
    );
    const { bits, multiplier } = perfectHash(names);
    this.#multiplier = multiplier;
    this.#shift = 32 - bits;
    this.#longest = names.reduce((longest, name) => Math.max(longest, name.length), 0);
    this.#values = new Array<T | undefined>(1 << bits).fill(undefined);
    this.#starts = new Int32Array(1 << bits);
    this.#lengths = new Int32Array(1 << bits).fill(-1);
    this.#names = new Uint8Array(names.reduce((sum, name) => sum + name.length, 0));
    let start = 0;
    names.forEach((name, i) => {
      const slot = hash(name, 0, name.length, multiplier) >>> this.#shift;
      this.#values[slot] = list[i]?.[1];
      this.#starts[slot] = start;
      this.#lengths[slot] = name.length;
      this.#names.set(name, start);
      start += name.length;
    });
  }

  /** The value of the name in these bytes, in any case of letters. */
  find(block: Block, at: number, length: number): T | undefined {
    if (length > this.#longest) return undefined;
    const bytes = block.bytes;
    const slot = hash(bytes, at, length, this.#multiplier) >>> this.#shift;
    if (this.#lengths[slot] !== length) return undefined;
    const names = this.#names;
    const start = this.#starts[slot];
    for (let i = 0; i < length; i++) {
      if (names[start + i] !== fold(bytes[at + i])) return undefined;
    }
    return this.#values[slot];
  }
}

/** Upper case ASCII letters become lower case; nothing else changes. */
function fold(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

function hash(bytes: Uint8Array, at: number, length: number, multiplier: number): number {
  let hash = length;
  // `| 0x20` folds more than letters; that is harmless here, since the name is compared afterwards.
  for (let i = at; i < at + length; i++) hash = Math.imul(hash ^ (bytes[i] | 0x20), multiplier);
  return hash;
}

const TRIES_PER_SIZE = 2000;

function perfectHash(names: readonly Uint8Array[]): { bits: number; multiplier: number } {
  let bits = Math.max(1, Math.ceil(Math.log2(names.length + 1)) + 1);
  for (; ; bits++) {
    assert(bits < 24, 'no perfect hash found: two names differ only in bytes that the hash folds');
    // Slot -> the last try that has put a name there: a try ends with its first collision, and nothing is cleared.
    const taken = new Uint16Array(1 << bits);
    for (let i = 1; i <= TRIES_PER_SIZE; i++) {
      const multiplier = Math.imul(2 * i - 1, 0x9e3779b1) | 1;
      if (isPerfect(names, bits, multiplier, taken, i)) return { bits, multiplier };
    }
  }
}

function isPerfect(
  names: readonly Uint8Array[],
  bits: number,
  multiplier: number,
  taken: Uint16Array,
  attempt: number,
): boolean {
  for (const name of names) {
    const slot = hash(name, 0, name.length, multiplier) >>> (32 - bits);
    if (taken[slot] === attempt) return false;
    taken[slot] = attempt;
  }
  return true;
}
