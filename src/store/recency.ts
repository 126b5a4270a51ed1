/**
 * Strict LRU: a doubly linked list through the entries, newest first.
 *
 *   newest <-> ... <-> oldest      word NEWER points to the left, OLDER to the right
 *
 * A touch unlinks an entry and puts it in front: three entries are written. Nothing is sampled and nothing
 * approximated: what is evicted is what was used longest ago.
 *
 * A walk goes from the oldest entry to the one that was the newest when it began, while the list changes: its two ends follow
 * when their entries are moved or unlinked. What is put in front meanwhile is behind its end and marked, if it was in the list.
 */
import { assert } from '../base/index.js';
import type { Arena } from './arena.js';
import { NEWER, OLDER, type Ref, STATE, USED_IN_WALK } from './layout.js';

/** What is left of a walk: from `next` to `last`, both included; 0: nothing. */
export interface RecencyWalk {
  next: Ref;
  last: Ref;
}

export class Recency {
  newest: Ref = 0;
  oldest: Ref = 0;
  readonly #arena: Arena;
  readonly #walks: RecencyWalk[] = [];

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  add(ref: Ref): void {
    const words = this.#arena.wordsOf(ref);
    this.#addFirst(ref, words, this.#arena.wordAt(ref));
  }

  remove(ref: Ref): void {
    const words = this.#arena.wordsOf(ref);
    this.#unlink(ref, words, this.#arena.wordAt(ref));
  }

  touch(ref: Ref): void {
    if (ref === this.newest) return;
    const words = this.#arena.wordsOf(ref);
    const at = this.#arena.wordAt(ref);
    this.#unlink(ref, words, at);
    this.#addFirst(ref, words, at);
    if (this.#walks.length > 0) words[at + STATE] |= USED_IN_WALK;
  }

  /** The entry stands elsewhere now: its words were copied before. */
  replace(from: Ref, to: Ref): void {
    const words = this.#arena.wordsOf(to);
    const at = this.#arena.wordAt(to);
    this.#setOlder(words[at + NEWER], to);
    this.#setNewer(words[at + OLDER], to);
    for (const walk of this.#walks) {
      if (walk.next === from) walk.next = to;
      if (walk.last === from) walk.last = to;
    }
  }

  clear(): void {
    this.newest = 0;
    this.oldest = 0;
    for (const walk of this.#walks) setEnds(walk, 0, 0);
  }

  // -- walks

  get walks(): number {
    return this.#walks.length;
  }

  beginWalk(): RecencyWalk {
    const walk = { next: this.oldest, last: this.newest };
    this.#walks.push(walk);
    return walk;
  }

  /** Goes past the entry at `next`. */
  goOn(walk: RecencyWalk): void {
    if (walk.next === walk.last) setEnds(walk, 0, 0);
    else walk.next = this.#arena.wordsOf(walk.next)[this.#arena.wordAt(walk.next) + NEWER];
  }

  endWalk(walk: RecencyWalk): void {
    const place = this.#walks.indexOf(walk);
    if (place >= 0) this.#walks.splice(place, 1);
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

  #unlink(ref: Ref, words: Int32Array, at: number): void {
    const newer = words[at + NEWER];
    const older = words[at + OLDER];
    if (this.#walks.length > 0) this.#leave(ref, newer, older);
    this.#setOlder(newer, older);
    this.#setNewer(older, newer);
  }

  /** An entry goes: walks that are about to begin or to end with it do so with its neighbor. */
  #leave(ref: Ref, newer: Ref, older: Ref): void {
    for (const walk of this.#walks) {
      if (walk.next === ref) setEnds(walk, walk.last === ref ? 0 : newer, walk.last === ref ? 0 : walk.last);
      else if (walk.last === ref) walk.last = older;
    }
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

function setEnds(walk: RecencyWalk, next: Ref, last: Ref): void {
  walk.next = next;
  walk.last = last;
}
