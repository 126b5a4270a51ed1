import { type Block, byteString } from '../base/index.js';

/**
 * Makes a value of a bulk's bytes. They are the chunk's own and must be copied or decoded at once,
 * unless `owned`: then nobody else has them and a view may be kept.
 */
export type BulkDecoder<B> = (block: Block, at: number, length: number, owned: boolean) => B;

/** The default decoder: bytes of their own. */
export function bulkBytes(block: Block, at: number, length: number, owned: boolean): Uint8Array {
  // A plain Uint8Array over the memory, since the block may hold a subclass whose slices are something else.
  const view = new Uint8Array(block.bytes.buffer, block.bytes.byteOffset + at, length);
  return owned ? view : view.slice();
}

/** Decodes a bulk to a byte string. */
export function bulkText(block: Block, at: number, length: number): string {
  return byteString(block, at, length);
}
