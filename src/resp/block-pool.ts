import { Block } from '../base/index.js';

/**
 * Blocks for requests that did not arrive whole, lent and taken back, so that a busy connection with an
 * incomplete request at the end of every read allocates nothing. One pool serves all readers.
 *
 * Sizes are powers of two from 64 bytes to 2 MB. Of each size up to 64 KB at most four are kept, of the larger
 * ones one (4.5 MB in all): more are rarely free at the same time in a server that parses one connection after
 * the other. Still larger blocks are allocated and left to the collector.
 */
export class BlockPool {
  readonly #free: Block[][] = [];

  /** A block of at least `bytes`. What it holds is undefined. */
  take(bytes: number): Block {
    if (bytes > LARGEST_POOLED_BYTES) return Block.ofLength(bytes);
    const order = orderOf(bytes);
    return this.#free[order]?.pop() ?? Block.ofLength(1 << order);
  }

  /** Takes a block back. Nobody may use it any more. */
  give(block: Block): void {
    const bytes = block.bytes.length;
    if (bytes > LARGEST_POOLED_BYTES) return;
    const order = orderOf(bytes);
    this.#free[order] ??= [];
    const free = this.#free[order];
    if (free.length < (order > MANY_KEPT_ORDER ? 1 : KEPT_PER_SIZE) && bytes === 1 << order) free.push(block);
  }
}

/** The largest block that is pooled. */
export const LARGEST_POOLED_BYTES = 2 * 1024 * 1024;

const SMALLEST_ORDER = 6;
const KEPT_PER_SIZE = 4;
/** Beyond 64 KB one is kept. */
const MANY_KEPT_ORDER = 16;

function orderOf(bytes: number): number {
  return bytes <= 1 << SMALLEST_ORDER ? SMALLEST_ORDER : 32 - Math.clz32(bytes - 1);
}
