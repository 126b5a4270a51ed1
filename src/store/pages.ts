/**
 * Pages of memory, in chunks: which are free, and what is known of those in use.
 *
 * A page's facts stand in typed arrays by page number. Chunks are allocated when their first page is, and memory
 * is touched when it is first written. Page 0 is never used, so that ref 0 is none.
 */
import { assert, Block } from '../base/index.js';
import { GRANULE_BYTES } from './size-classes.js';

/** Owner of a page: size classes from 0 on, or one of these. */
export const FREE_PAGE = 255;
export const TABLE_PAGE = 254;

/** Bytes of the tables below, per page: they count as used memory. */
export const PAGE_TABLE_BYTES = 15;

const FIRST_ROOM = 64;

/** Cells of a page are counted, and found, in 16 bits. */
const MAX_PAGE_BYTES = 512 * 1024;

export interface PagesOptions {
  /** A power of two. */
  readonly pageBytes: number;
  /** A power of two, at least a page. */
  readonly chunkBytes: number;
  /** The number of the first page, from 1 on: tests begin at high addresses. */
  readonly firstPage: number;
}

const NO_BLOCK = Block.ofLength(0);
const NO_WORDS = new Int32Array(0);

export class Pages {
  /** One per chunk: the same memory as words and as bytes. */
  readonly words: Int32Array[] = [];
  readonly blocks: Block[] = [];
  inUse = 0;
  /** No more pages than this are handed out. */
  limit = 0;
  /** By page: its size class, FREE_PAGE or TABLE_PAGE. */
  owner = new Uint8Array(FIRST_ROOM);
  /** By page of a class: live cells; cells ever used (those behind are untouched memory); the first free cell. */
  live = new Uint16Array(FIRST_ROOM);
  used = new Uint16Array(FIRST_ROOM);
  freeCell = new Uint16Array(FIRST_ROOM);
  /** By page: its neighbors in the list it is in. */
  previous = new Int32Array(FIRST_ROOM);
  next = new Int32Array(FIRST_ROOM);
  readonly first: number;
  /** One more than the last page that was ever used. */
  end: number;
  readonly #chunkBytes: number;
  readonly #pagesPerChunk: number;
  #free = 0;

  constructor(options: PagesOptions) {
    const { pageBytes, chunkBytes } = options;
    assert(
      isPowerOfTwo(pageBytes) && pageBytes <= MAX_PAGE_BYTES,
      'a page is a power of two, at most 512 KB',
    );
    assert(isPowerOfTwo(chunkBytes) && chunkBytes >= pageBytes, 'a chunk is a power of two, at least a page');
    this.first = options.firstPage;
    this.end = options.firstPage;
    this.#chunkBytes = options.chunkBytes;
    this.#pagesPerChunk = options.chunkBytes / options.pageBytes;
  }

  /** A page; what it holds is what was there before. */
  take(owner: number): number {
    assert(this.inUse < this.limit, 'a page is taken only when one is left');
    this.inUse++;
    let page = this.#free;
    if (page === 0) page = this.#takeFresh();
    else this.#free = this.next[page];
    this.owner[page] = owner;
    return page;
  }

  release(page: number): void {
    this.owner[page] = FREE_PAGE;
    this.next[page] = this.#free;
    this.#free = page;
    this.inUse--;
  }

  /** Forgets all pages: the chunks go back to the operating system. */
  clear(): void {
    this.words.length = 0;
    this.blocks.length = 0;
    this.end = this.first;
    this.#free = 0;
    this.inUse = 0;
  }

  verify(): void {
    let free = 0;
    for (let page = this.first; page < this.end; page++) if (this.owner[page] === FREE_PAGE) free++;
    assert(this.inUse === this.end - this.first - free, 'pages in use are counted');
    for (let page = this.#free; page !== 0 && free >= 0; page = this.next[page]) free--;
    assert(free === 0, 'free pages are in the list of free pages');
  }

  #takeFresh(): number {
    const page = this.end++;
    if (page >= this.owner.length) this.#grow(page + 1);
    const chunk = Math.floor(page / this.#pagesPerChunk);
    while (this.blocks.length < chunk) {
      this.blocks.push(NO_BLOCK);
      this.words.push(NO_WORDS);
    }
    if (this.blocks.length === chunk) {
      const buffer = new ArrayBuffer(this.#chunkBytes);
      this.blocks.push(new Block(new Uint8Array(buffer)));
      this.words.push(new Int32Array(buffer));
    }
    return page;
  }

  #grow(least: number): void {
    const length = Math.max(least, this.owner.length * 2);
    this.owner = copied(this.owner, new Uint8Array(length));
    this.live = copied(this.live, new Uint16Array(length));
    this.used = copied(this.used, new Uint16Array(length));
    this.freeCell = copied(this.freeCell, new Uint16Array(length));
    this.previous = copied(this.previous, new Int32Array(length));
    this.next = copied(this.next, new Int32Array(length));
  }
}

/** What 32-bit refs of 8-byte granules reach. */
export const MAX_ARENA_BYTES = 2 ** 32 * GRANULE_BYTES;

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(Math.log2(value));
}

function copied<T extends Uint8Array | Uint16Array | Int32Array>(table: T, larger: T): T {
  larger.set(table);
  return larger;
}
