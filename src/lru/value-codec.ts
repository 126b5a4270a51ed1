/**
 * How a cache bounded in bytes turns its values into bytes and back.
 */
import type { Block } from '../base/index.js';
import { CopyPool } from './copy-pool.js';
import type { ValueKind, ValueOfKind } from './options.js';
import { decodeText, LATIN1, type TextBytes } from './text-bytes.js';

export interface ValueCodec<V> {
  /** Writes the value's bytes and form into `room`. `false`: it takes more than `maxBytes`. Throws for another type. */
  encode(value: V, room: TextBytes, maxBytes: number): boolean;
  /** The value of these bytes, as a copy: the block may be written over afterwards. */
  decode(block: Block, at: number, length: number, form: number): V;
}

const stringCodec: ValueCodec<string> = {
  encode(value, room, maxBytes) {
    if (typeof value !== 'string') throw new TypeError(refusal(value, 'a string'));
    return room.encode(value, maxBytes);
  },
  decode: decodeText,
};

const copies = new CopyPool();

const bytesCodec: ValueCodec<Uint8Array> = {
  encode(value, room, maxBytes) {
    if (!(value instanceof Uint8Array)) throw new TypeError(refusal(value, 'a Uint8Array'));
    if (value.length > maxBytes) return false;
    room.reserve(value.length);
    room.block.bytes.set(value);
    room.form = LATIN1;
    return true;
  },
  decode(block, at, length) {
    return copies.copyOf(block.bytes, at, length);
  },
};

export const valueCodecs: { readonly [Kind in ValueKind]: ValueCodec<ValueOfKind[Kind]> } = {
  string: stringCodec,
  bytes: bytesCodec,
};

function refusal(value: unknown, wanted: string): string {
  const kind =
    value === null ? 'null' : typeof value === 'object' ? (value as object).constructor?.name : typeof value;
  return `the value is ${kind}, this cache holds ${wanted}: convert it first, or bound the cache by maxEntries`;
}
