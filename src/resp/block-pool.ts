import { Block } from '../base/index.js';

/**
 * Blocks for requests that did not arrive whole and for replies, lent and taken back, so that a busy connection
 * allocates nothing: memory outside the heap is garbage for long, since the collector sees only the small object
 * that holds it. One pool serves all readers and writers.
 *
 * Sizes are powers of two from 64 bytes to 2 MB. Of each size up to 64 KB at most sixteen are kept, of the larger
 * ones two (10 MB in all): more are rarely free at the same time in a server that serves one connection after
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
    if (free.length < (order > MANY_KEPT_ORDER ? 2 : KEPT_PER_SIZE) && bytes === 1 << order) free.push(block);
  }
}

/** The largest block that is pooled. */
export const LARGEST_POOLED_BYTES = 2 * 1024 * 1024;

const SMALLEST_ORDER = 6;
const KEPT_PER_SIZE = 16;
/** Beyond 64 KB two are kept. */
const MANY_KEPT_ORDER = 16;

function orderOf(bytes: number): number {
  return bytes <= 1 << SMALLEST_ORDER ? SMALLEST_ORDER : 32 - Math.clz32(bytes - 1);
}
