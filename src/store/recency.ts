/**
 * Strict LRU: a doubly linked list through the entries, newest first.
 *
 *   newest <-> ... <-> oldest      word NEWER points to the left, OLDER to the right
 *
 * A touch unlinks an entry and puts it in front: three entries are written. Nothing is sampled and nothing
 * approximated: what is evicted is what was used longest ago.
 */
import { assert } from '../base/index.js';
import type { Arena } from './arena.js';
import { NEWER, OLDER, type Ref } from './layout.js';

export class Recency {
  newest: Ref = 0;
  oldest: Ref = 0;
  readonly #arena: Arena;

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  add(ref: Ref): void {
    const words = this.#arena.wordsOf(ref);
    this.#addFirst(ref, words, this.#arena.wordAt(ref));
  }

  remove(ref: Ref): void {
    const words = this.#arena.wordsOf(ref);
    this.#unlink(words, this.#arena.wordAt(ref));
  }

  touch(ref: Ref): void {
    if (ref === this.newest) return;
    const words = this.#arena.wordsOf(ref);
    const at = this.#arena.wordAt(ref);
    this.#unlink(words, at);
    this.#addFirst(ref, words, at);
  }

  /** The entry stands elsewhere now: its words were copied before. */
  replace(to: Ref): void {
    const words = this.#arena.wordsOf(to);
    const at = this.#arena.wordAt(to);
    this.#setOlder(words[at + NEWER], to);
    this.#setNewer(words[at + OLDER], to);
  }

  clear(): void {
    this.newest = 0;
    this.oldest = 0;
  }

  /** Checks the links in both directions; returns how many entries there are. */
  verify(most: number): number {
    let count = 0;
    let newer = 0;
    for (let ref = this.newest; ref !== 0; count++) {
      assert(count <= most, 'the recency list has no cycle');
      const words = this.#arena.wordsOf(ref);
      const at = this.#arena.wordAt(ref);
      assert(words[at + NEWER] === newer, 'the recency list is linked in both directions');
      newer = ref;
      ref = words[at + OLDER];
    }
    assert(this.oldest === newer, 'the recency list ends with the oldest entry');
    return count;
  }

  #addFirst(ref: Ref, words: Int32Array, at: number): void {
    words[at + NEWER] = 0;
    words[at + OLDER] = this.newest;
    this.#setNewer(this.newest, ref);
    this.newest = ref;
  }

  #unlink(words: Int32Array, at: number): void {
    const newer = words[at + NEWER];
    const older = words[at + OLDER];
    this.#setOlder(newer, older);
    this.#setNewer(older, newer);
  }

  #setOlder(ref: Ref, older: Ref): void {
    if (ref === 0) this.newest = older;
    else this.#arena.wordsOf(ref)[this.#arena.wordAt(ref) + OLDER] = older;
  }

  #setNewer(ref: Ref, newer: Ref): void {
    if (ref === 0) this.oldest = newer;
    else this.#arena.wordsOf(ref)[this.#arena.wordAt(ref) + NEWER] = newer;
  }
}
