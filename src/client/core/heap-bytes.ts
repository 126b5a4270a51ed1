/**
 * What a decoded value takes on the heap, part by part: close for what JSON holds, and rather too much than too little.
 *
 * The length of its text would say little. What JSON gives takes from 1.1 times that (20 short properties) over 2 to
 * 5 times (small objects, fractions) and 11 times (objects whose names are ids) to 28 times (`{}`).
 *
 * The layout is that of V8 in Node.js: words of 8 bytes, integers of 32 bits within their word.
 *
 *   string      16 + a byte a character, or 2 if any is beyond Latin-1, in whole words
 *   number      nothing but its word if it fits one, else a box of 16; freezing an array boxes its fractions
 *   bigint      16 + its digits
 *   array       32, and 16 + a word an element if it has any
 *   object      24 + a word a property; a table when there are more than 128, or of those named by a number
 *   its shape   the first object that has these names pays for them: see HeapMeter
 *   Map, Set    160 + up to 56 bytes an entry
 *   bytes       the whole buffer below them, whoever else uses it
 */

const WORD_BYTES = 8;
const BOX_BYTES = 16;
const TEXT_HEAD_BYTES = 16;
const OBJECT_HEAD_BYTES = 24;
/** An object that begins without properties has room for four. */
const EMPTY_OBJECT_BYTES = 56;
const EMPTY_ARRAY_BYTES = 32;
const ELEMENTS_HEAD_BYTES = 16;
const COLLECTION_HEAD_BYTES = 160;
const COLLECTION_ENTRY_BYTES = 56;
/** A view with its buffer: 96 for the one, the rest for the other and for what V8 keeps outside its heap. */
const VIEW_HEAD_BYTES = 224;
/** Objects with more properties are tables. */
const MOST_PROPERTIES = 128;
/** Three words a place, and a third to two thirds of the places empty. */
const TABLE_PROPERTY_BYTES = 72;
/** What V8 keeps of each step to a new shape, without the text of the name. */
const SHAPE_PROPERTY_BYTES = 132;
/** Shapes remembered, in 16 KB. More than that in turns are paid for again and again: too much, not too little. */
const SHAPES = 4096;

const beyondLatin1 = /[^\x00-\xff]/;
const index = /^(?:0|[1-9]\d{0,9})$/;

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

/** Of an array, without what its elements lead to. */
export function arrayBytes(elements: number): number {
  return elements <= 0 ? EMPTY_ARRAY_BYTES : EMPTY_ARRAY_BYTES + ELEMENTS_HEAD_BYTES + elements * WORD_BYTES;
}

/**
 * Counts objects. Objects with the same names in the same order share a shape, which V8 keeps once; an object with
 * names of its own, such as a table by id, brings a shape of its own, which takes far more than itself. So the meter
 * remembers shapes, by a hash of their names.
 */
export class HeapMeter {
  readonly #shapes = new Uint32Array(SHAPES);

  /** Of one object with these names of its own, without what they lead to. */
  objectBytes(object: object, names: readonly PropertyKey[]): number {
    if (ArrayBuffer.isView(object)) return VIEW_HEAD_BYTES + object.buffer.byteLength;
    if (object instanceof ArrayBuffer || object instanceof SharedArrayBuffer) {
      return VIEW_HEAD_BYTES + object.byteLength;
    }
    // One of its names is `length`.
    if (Array.isArray(object)) return arrayBytes(names.length - 1);
    if (object instanceof Map || object instanceof Set) {
      return OBJECT_HEAD_BYTES + COLLECTION_HEAD_BYTES + object.size * COLLECTION_ENTRY_BYTES;
    }
    return names.length === 0 ? EMPTY_OBJECT_BYTES : OBJECT_HEAD_BYTES + this.#propertiesBytes(names);
  }

  #propertiesBytes(names: readonly PropertyKey[]): number {
    const isTable = names.length > MOST_PROPERTIES;
    const isNew = this.#isNewShape(names);
    let bytes = 0;
    for (const name of names) {
      if (typeof name !== 'string') bytes += WORD_BYTES;
      else if (isIndex(name)) bytes += TABLE_PROPERTY_BYTES;
      else {
        bytes += isTable ? TABLE_PROPERTY_BYTES : WORD_BYTES;
        if (isNew) bytes += textBytes(name) + (isTable ? 0 : SHAPE_PROPERTY_BYTES);
      }
    }
    return bytes;
  }

  /** FNV-1a over all names; each bit of the hash counts, its low ones say where it is remembered. */
  #isNewShape(names: readonly PropertyKey[]): boolean {
    let hash = 0x811c9dc5;
    for (const name of names) {
      if (typeof name !== 'string') continue;
      for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
      hash = Math.imul(hash ^ 0x1f, 0x01000193);
    }
    hash = (hash ^ (hash >>> 15)) >>> 0;
    const isNew = this.#shapes[hash % SHAPES] !== hash;
    this.#shapes[hash % SHAPES] = hash;
    return isNew;
  }
}

function isIndex(name: string): boolean {
  return name.charCodeAt(0) <= 0x39 && index.test(name);
}
