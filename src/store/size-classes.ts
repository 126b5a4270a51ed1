import { assert } from '../base/index.js';

/** Cells are multiples of this many bytes; a ref counts in these granules. */
export const GRANULE_BYTES = 8;

/** The smallest cell: an entry's header with an empty key and an empty value. */
const MIN_CELL_BYTES = 32;

/** Up to here classes are 8 bytes apart, above there are eight to a doubling. */
const FINE_UP_TO_BYTES = 256;
const CLASSES_PER_DOUBLING = 8;

/** The largest cell is this share of a page; larger entries are chains of such cells. */
const LARGEST_PER_PAGE = 4;

/**
 * The sizes that cells come in.
 *
 *   32 40 48 ... 256 | 288 320 ... 512 | 576 ... 1024 | ...  page/6  page/5  page/4
 *
 * A size is then stretched to the largest one of which as many fit into a page, so that pages of large
 * cells have no unused end. With pages of 16 KB and more a cell wastes at most 7 bytes up to 256; with smaller ones
 * it is stretched sooner (to 15 bytes at 4 KB, 55 at 1 KB). Beyond, at most 1/7 of it up to page/8, and at most 1/5
 * then; large entries are made of page/4 cells and waste in their last one only.
 */
export class SizeClasses {
  /** Bytes of a cell, by class. */
  readonly cellBytes: readonly number[];
  /** Cells of a page, by class. */
  readonly perPage: readonly number[];
  /** The last class: cells of a quarter page, of which large entries are chained. */
  readonly largest: number;
  readonly maxCellBytes: number;
  readonly #classOfGranules: Uint8Array;

  constructor(pageBytes: number) {
    const sizes = new Set<number>();
    const max = pageBytes / LARGEST_PER_PAGE;
    assert(
      max >= MIN_CELL_BYTES * 2 && max % GRANULE_BYTES === 0,
      'a page holds four cells of at least 64 bytes',
    );
    for (let size = MIN_CELL_BYTES; size < max; ) {
      sizes.add(stretched(size, pageBytes));
      if (size < FINE_UP_TO_BYTES) size += GRANULE_BYTES;
      else size += 2 ** Math.floor(Math.log2(size)) / CLASSES_PER_DOUBLING;
    }
    sizes.add(max);
    this.cellBytes = [...sizes].filter((size) => size <= max).sort((a, b) => a - b);
    this.perPage = this.cellBytes.map((size) => Math.floor(pageBytes / size));
    this.largest = this.cellBytes.length - 1;
    this.maxCellBytes = max;
    this.#classOfGranules = new Uint8Array(max / GRANULE_BYTES + 1);
    for (let granules = 0, size = 0; granules <= max / GRANULE_BYTES; granules++) {
      while (this.cellBytes[size] < granules * GRANULE_BYTES) size++;
      this.#classOfGranules[granules] = size;
    }
  }

  /** The class of the smallest cell that holds `bytes`, at most maxCellBytes. */
  classOf(bytes: number): number {
    return this.#classOfGranules[(bytes + GRANULE_BYTES - 1) >>> 3];
  }
}

function stretched(size: number, pageBytes: number): number {
  const count = Math.floor(pageBytes / size);
  return Math.floor(pageBytes / count / GRANULE_BYTES) * GRANULE_BYTES;
}
