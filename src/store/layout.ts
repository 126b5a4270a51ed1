/**
 * The bytes of an entry.
 *
 *   word  0 NEWER     the entry used next after this one (0: this is the newest)
 *         1 OLDER     the entry used last before this one (0: this is the oldest)
 *         2 CHAIN     the next entry of the same bucket
 *         3 HASH      32 bits of the key's hash
 *         4 VERSION   low 32 bits of the version
 *         5 STATE     bits 0-15 high bits of the version; 16 live, 17 fragment, 18 expires, 19 large,
 *                     20-23 database, 24-27 type, 28 attributed, 29 used during a walk, 30-31 free
 *         6 LENGTHS   small: key length (low 16 bits) and value length (high 16); large: key length
 *   then, if it expires:  word POSITION (its place in the list of lifetimes), float64 EXPIRY (ms since epoch)
 *   then, if it is attributed: word LOAD (how long the value took to load, in ms; its sign bit: what was loaded
 *                     is that there is nothing), float64 FRESH_UNTIL (ms since epoch; 0: as long as it lives)
 *   then, if it is large: word VALUE_LENGTH, word FIRST (its first fragment)
 *   then the key and the value, of a large entry only what did not fill a whole fragment.
 *
 * So a key of 16 bytes with a value of 64 takes 28 + 80 = 108, a cell of 112; with a lifetime 120. To that come
 * 4 bytes of index, and 4 in the list of lifetimes: 116 and 128 bytes a key. Attributes add 12.
 *
 * A fragment is a cell of the largest class: word 0 the next fragment, word 1 the one before it (or the
 * entry itself), word 5 its STATE, from byte 24 the payload. Fragments hold the front of key + value, each
 * filled before the next one is begun, so that appending touches only the end.
 *
 * A ref is a cell's place in granules of 8 bytes; 0 is none. 32 bits of it reach 32 GiB.
 */
export const NEWER = 0;
export const OLDER = 1;
export const CHAIN = 2;
export const HASH = 3;
export const VERSION = 4;
export const STATE = 5;
export const LENGTHS = 6;
export const POSITION = 7;

/** Of a fragment. */
export const NEXT = 0;
export const BEFORE = 1;
export const FRAGMENT_HEADER_BYTES = 24;

export const HEADER_BYTES = 28;
/** What a lifetime adds: its place in the list, and the time. */
export const LIFETIME_BYTES = 12;
/** What attributes add: the load time, and until when the value is fresh. */
export const ATTRIBUTES_BYTES = 12;
/** What being large adds: the length of the value, and the first fragment. */
export const LARGE_BYTES = 8;
/** Where EXPIRY stands, in bytes from the cell's start. */
export const EXPIRY_AT = 32;

export const LIVE = 1 << 16;
export const FRAGMENT = 1 << 17;
export const EXPIRES = 1 << 18;
export const LARGE = 1 << 19;
export const ATTRIBUTED = 1 << 28;
export const USED_IN_WALK = 1 << 29;
export const DATABASE_SHIFT = 20;
export const DATABASE_MASK = 15 << DATABASE_SHIFT;
export const TYPE_SHIFT = 24;
export const MAX_TYPE = 15;
export const TYPE_MASK = MAX_TYPE << TYPE_SHIFT;
export const VERSION_HIGH_MASK = 0xffff;

/** An entry's address in the store; 0 is none. Void after any change of the store: entries move. */
export type Ref = number;

/** Bytes before the key and the value. */
export function headerBytes(state: number): number {
  return (
    attributesAt(state) + (state & ATTRIBUTED ? ATTRIBUTES_BYTES : 0) + (state & LARGE ? LARGE_BYTES : 0)
  );
}

/** Where the attributes stand, in bytes from the cell's start. */
export function attributesAt(state: number): number {
  return state & EXPIRES ? HEADER_BYTES + LIFETIME_BYTES : HEADER_BYTES;
}
