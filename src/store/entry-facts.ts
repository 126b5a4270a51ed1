/**
 * All that is known of one entry, read in one go: for who copies whole entries, many of them. Filled again and again; void
 * after any change of the store.
 */
import type { Block } from '../base/index.js';
import { ATTRIBUTED, EXPIRES, LARGE, LENGTHS, type Ref, STATE, TYPE_MASK, TYPE_SHIFT } from './layout.js';
import type { LiveEntries } from './live-entries.js';

export class EntryFacts {
  keyLength = 0;
  valueLength = 0;
  type = 0;
  /** In ms since the epoch; 0: never. */
  expiry = 0;
  /** Whether there is more than 0 in the next two. */
  isAttributed = false;
  /** How long the load took, in ms; its sign bit: what was loaded is that there is nothing. */
  load = 0;
  freshUntil = 0;
  /** The block in which key and value lie behind each other, at `bodyAt`; undefined: they lie in pieces. */
  piece: Block | undefined;
  bodyAt = 0;

  read(live: LiveEntries, ref: Ref): void {
    const { arena, bodies, lifetimes } = live.entries;
    const words = arena.wordsOf(ref);
    const at = arena.wordAt(ref);
    const state = words[at + STATE];
    this.type = (state & TYPE_MASK) >>> TYPE_SHIFT;
    this.expiry = state & EXPIRES ? lifetimes.expiry(ref) : 0;
    this.isAttributed = (state & ATTRIBUTED) !== 0;
    this.load = this.isAttributed ? live.load(ref) : 0;
    this.freshUntil = this.isAttributed ? live.freshUntil(ref) : 0;
    if (state & LARGE) {
      this.keyLength = bodies.keyLength(ref);
      this.valueLength = bodies.valueLength(ref);
      this.piece = undefined;
    } else {
      const lengths = words[at + LENGTHS];
      this.keyLength = lengths & 0xffff;
      this.valueLength = lengths >>> 16;
      this.piece = arena.blockOf(ref);
      this.bodyAt = bodies.startOf(ref);
    }
  }
}
