/**
 * What a decoded value takes on the heap, part by part: close for what JSON holds, and rather too much than too little.
 *
 * The serialized length would say little: what JSON gives takes from 1.1 times its text (an object of 20 short
 * properties) over 2 to 5 times (small objects, numbers with fractions) to 28 times (`{}`).
 *
 * The layout is that of V8 in Node.js: words of 8 bytes, integers of 32 bits within the word.
 *
 *   string      16 + a byte a character, or 2 if any is beyond Latin-1, in whole words
 *   number      nothing but its word if it fits one, else a box of 16
 *   bigint      16 + its digits
 *   object      24 + a word a property; as a table of up to 72 bytes a property when there are more than 128
 *   array       72 + a word an element; the box of each fraction comes with it, since freezing boxes them
 *   Map, Set    160 + up to 56 bytes an entry
 *   bytes       the whole buffer below them, whoever else uses it
 */

const WORD_BYTES = 8;
const BOX_BYTES = 16;
const TEXT_HEAD_BYTES = 16;
const OBJECT_HEAD_BYTES = 24;
const ARRAY_HEAD_BYTES = 72;
const COLLECTION_HEAD_BYTES = 160;
const COLLECTION_ENTRY_BYTES = 56;
/** A view with its buffer: 96 for the one, the rest for the other and for what V8 keeps outside its heap. */
const VIEW_HEAD_BYTES = 224;
/** Objects with more properties are tables of name, value and attributes, at least a third empty. */
const MOST_PROPERTIES = 128;
const TABLE_PROPERTY_BYTES = 72;

const beyondLatin1 = /[^\x00-\xff]/;

export function textBytes(text: string): number {
  const characters = text.length * (beyondLatin1.test(text) ? 2 : 1);
  return TEXT_HEAD_BYTES + Math.ceil(characters / WORD_BYTES) * WORD_BYTES;
}

/** Of what is no object, beyond the word that holds or points to it. */
export function primitiveBytes(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return textBytes(value);
    case 'number':
      return (value | 0) === value ? 0 : BOX_BYTES;
    case 'bigint':
      return BOX_BYTES + Math.ceil(value.toString(16).length / 16) * WORD_BYTES;
    default:
      return 0;
  }
}

/** Of one object with so many properties of its own, without what they lead to. */
export function objectBytes(object: object, properties: number): number {
  if (ArrayBuffer.isView(object)) return VIEW_HEAD_BYTES + object.buffer.byteLength;
  if (object instanceof ArrayBuffer) return VIEW_HEAD_BYTES + object.byteLength;
  if (Array.isArray(object)) return ARRAY_HEAD_BYTES + properties * WORD_BYTES;
  let bytes =
    OBJECT_HEAD_BYTES + properties * (properties > MOST_PROPERTIES ? TABLE_PROPERTY_BYTES : WORD_BYTES);
  if (object instanceof Map || object instanceof Set) {
    bytes += COLLECTION_HEAD_BYTES + object.size * COLLECTION_ENTRY_BYTES;
  }
  return bytes;
}
