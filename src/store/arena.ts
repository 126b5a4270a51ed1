/**
 * Memory in pages and cells, outside the JavaScript heap.
 *
 *   chunk (one ArrayBuffer, 64 MB)   [page][page][page]...
 *   page of a class (64 KB)          [cell][cell][cell]...[not yet used]
 *
 * A page belongs to one size class, or whole to a table (index, list of lifetimes), or is free. A class
 * keeps its pages that have a free cell in a list; allocation takes the first. A page whose last cell
 * goes is free again for any use. Memory is touched when it is first used, and not before.
 *
 * Fragmentation is bounded: a class is *rich* when its free cells would fill a page. Then one of its pages
 * can be emptied by moving its cells into the others (`compact`), so that at most a page per class is lost
 * to free cells whenever a page is needed. All operations are O(1); `compact` moves at most one page of cells.
 *
 * It knows nothing of entries: it moves cells as bytes and tells its owner, who mends what pointed there.
 */
import { assert, type Block } from '../base/index.js';
import { LIVE, type Ref, STATE } from './layout.js';
import { FREE_PAGE, Pages, type PagesOptions, TABLE_PAGE } from './pages.js';
import { GRANULE_BYTES, SizeClasses } from './size-classes.js';

/** End of a page's list of free cells. */
const NO_CELL = 0xffff;

/** How many pages of a class are looked at for the emptiest. */
const PAGES_LOOKED_AT = 8;

export class Arena {
  readonly classes: SizeClasses;
  readonly pages: Pages;
  readonly pageBytes: number;
  /** Free cells of each class, in the pages it holds. */
  readonly freeCells: Int32Array;
  readonly #words: readonly Int32Array[];
  readonly #blocks: readonly Block[];
  readonly #chunkShift: number;
  readonly #chunkMask: number;
  readonly #pageShift: number;
  readonly #pageMask: number;
  /** First and last page of each class's list of pages with a free cell; 0 is none. */
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  /** Classes with a page's worth of free cells, a bit each. */
  readonly #rich: Int32Array;

  constructor(options: PagesOptions) {
    this.classes = new SizeClasses(options.pageBytes);
    this.pages = new Pages(options);
    this.#words = this.pages.words;
    this.#blocks = this.pages.blocks;
    this.pageBytes = options.pageBytes;
    this.#chunkShift = Math.log2(options.chunkBytes / GRANULE_BYTES);
    this.#chunkMask = options.chunkBytes / GRANULE_BYTES - 1;
    this.#pageShift = Math.log2(options.pageBytes / GRANULE_BYTES);
    this.#pageMask = options.pageBytes / GRANULE_BYTES - 1;
    const classCount = this.classes.cellBytes.length;
    assert(classCount < TABLE_PAGE, 'size classes are numbered in a byte');
    this.freeCells = new Int32Array(classCount);
    this.#first = new Int32Array(classCount);
    this.#last = new Int32Array(classCount);
    this.#rich = new Int32Array((classCount + 31) >>> 5);
  }

  /** The chunk of a cell as words; the cell's first word is at `wordAt`. */
  wordsOf(ref: Ref): Int32Array {
    return this.#words[ref >>> this.#chunkShift];
  }

  wordAt(ref: Ref): number {
    return (ref & this.#chunkMask) << 1;
  }

  /** The chunk of a cell as bytes; the cell's first byte is at `byteAt`. */
  blockOf(ref: Ref): Block {
    return this.#blocks[ref >>> this.#chunkShift];
  }

  byteAt(ref: Ref): number {
    return (ref & this.#chunkMask) << 3;
  }

  classAt(ref: Ref): number {
    return this.pages.owner[ref >>> this.#pageShift];
  }

  /** Pages that may still be taken. */
  get pagesLeft(): number {
    return this.pages.limit - this.pages.inUse;
  }

  /** Pages to take for `cells` more cells of a class. */
  pagesFor(cellClass: number, cells: number): number {
    const missing = cells - this.freeCells[cellClass];
    return missing <= 0 ? 0 : Math.ceil(missing / this.classes.perPage[cellClass]);
  }

  /** A cell of the class. Its page, if it needs one, must be left. */
  allocate(cellClass: number): Ref {
    const page = this.#first[cellClass] || this.#openPage(cellClass);
    const start = page << this.#pageShift;
    const cell = this.pages.freeCell[page];
    let ref: Ref;
    if (cell === NO_CELL) {
      ref = start + this.pages.used[page]++ * (this.classes.cellBytes[cellClass] >>> 3);
    } else {
      ref = start + cell;
      this.pages.freeCell[page] = this.wordsOf(ref)[this.wordAt(ref)];
    }
    const perPage = this.classes.perPage[cellClass];
    if (++this.pages.live[page] === perPage) this.#unlist(page, cellClass);
    this.#addFree(cellClass, -1);
    return ref | 0;
  }

  free(ref: Ref): void {
    const page = ref >>> this.#pageShift;
    const cellClass = this.pages.owner[page];
    const words = this.wordsOf(ref);
    const at = this.wordAt(ref);
    assert((words[at + STATE] & LIVE) !== 0, 'a cell is freed once');
    words[at + STATE] = 0;
    words[at] = this.pages.freeCell[page];
    this.pages.freeCell[page] = ref & this.#pageMask;
    const perPage = this.classes.perPage[cellClass];
    if (this.pages.live[page]-- === perPage) this.#list(page, cellClass);
    this.#addFree(cellClass, 1);
    if (this.pages.live[page] === 0) this.#closePage(page, cellClass);
  }

  /** A whole page for a table: its number. Its content is what was there before. */
  takePage(): number {
    return this.pages.take(TABLE_PAGE);
  }

  /** The words of a table page. */
  pageWords(page: number): Int32Array {
    const block = this.blockOf(page << this.#pageShift);
    const at = block.bytes.byteOffset + this.byteAt(page << this.#pageShift);
    return new Int32Array(block.bytes.buffer, at, this.pageBytes >>> 2);
  }

  returnPage(page: number): void {
    assert(this.pages.owner[page] === TABLE_PAGE, 'only a table page is returned whole');
    this.pages.release(page);
  }

  /** A rich class other than the two given, or -1. */
  richClass(notThis: number, norThis: number): number {
    for (let i = 0; i < this.#rich.length; i++) {
      let bits = this.#rich[i];
      if (notThis >>> 5 === i) bits &= ~(1 << notThis);
      if (norThis >>> 5 === i) bits &= ~(1 << norThis);
      if (bits !== 0) return i * 32 + (31 - Math.clz32(bits));
    }
    return -1;
  }

  /**
   * Empties one page of a rich class into the others and frees it. `moved` is told of each cell after its
   * bytes were copied, and mends what pointed at it. Returns how many cells were moved.
   */
  compact(cellClass: number, moved: (from: Ref, to: Ref) => void): number {
    const page = this.#emptiestPage(cellClass);
    const granules = this.classes.cellBytes[cellClass] >>> 3;
    const start = page << this.#pageShift;
    let left = this.pages.live[page];
    const count = left;
    this.#unlist(page, cellClass);
    const own = this.classes.perPage[cellClass] - left;
    this.#addFree(cellClass, -own);
    for (let i = 0; left > 0; i++) {
      const from = (start + i * granules) | 0;
      const source = this.wordsOf(from);
      const fromAt = this.wordAt(from);
      if ((source[fromAt + STATE] & LIVE) === 0) continue;
      const to = this.allocate(cellClass);
      this.#copyCell(source, fromAt, to, granules << 1);
      source[fromAt + STATE] = 0;
      moved(from, to);
      left--;
    }
    this.pages.live[page] = 0;
    this.pages.release(page);
    return count;
  }

  /** Forgets everything: the chunks go back to the operating system. */
  clear(): void {
    this.pages.clear();
    this.freeCells.fill(0);
    this.#first.fill(0);
    this.#last.fill(0);
    this.#rich.fill(0);
  }

  /** Checks pages, lists and counts; `cells` live cells and `tablePages` are what the owner knows of. */
  verify(cells: number, tablePages: number): void {
    const free = new Int32Array(this.freeCells.length);
    let live = 0;
    let tables = 0;
    const { pages } = this;
    for (let page = pages.first; page < pages.end; page++) {
      const owner = pages.owner[page];
      if (owner === FREE_PAGE) continue;
      if (owner === TABLE_PAGE) {
        tables++;
        continue;
      }
      live += this.#verifyPage(page, owner);
      free[owner] += this.classes.perPage[owner] - pages.live[page];
    }
    pages.verify();
    assert(live === cells, 'the arena holds the cells its owner knows of');
    assert(tables === tablePages, 'the arena holds the tables its owner knows of');
    for (let i = 0; i < free.length; i++) this.#verifyClass(i, free[i]);
  }

  #verifyPage(page: number, cellClass: number): number {
    const granules = this.classes.cellBytes[cellClass] >>> 3;
    const start = page << this.#pageShift;
    let live = 0;
    for (let i = 0; i < this.pages.used[page]; i++) {
      const ref = start + i * granules;
      if (this.wordsOf(ref)[this.wordAt(ref) + STATE] & LIVE) live++;
    }
    assert(live === this.pages.live[page] && live > 0, 'a page counts its live cells, and has one');
    let freed = 0;
    for (let cell = this.pages.freeCell[page]; cell !== NO_CELL; freed++) {
      assert(freed < this.pages.used[page] && cell % granules === 0, 'a list of free cells is sound');
      cell = this.wordsOf(start + cell)[this.wordAt(start + cell)];
    }
    assert(live + freed === this.pages.used[page], 'a cell that was used is live or free');
    return live;
  }

  #verifyClass(cellClass: number, free: number): void {
    assert(this.freeCells[cellClass] === free, 'free cells of a class are counted');
    const rich = (this.#rich[cellClass >>> 5] & (1 << cellClass)) !== 0;
    assert(rich === free >= this.classes.perPage[cellClass], 'a class with a page of free cells is rich');
    let listed = 0;
    let previous = 0;
    for (let page = this.#first[cellClass]; page !== 0; page = this.pages.next[page]) {
      assert(
        this.pages.owner[page] === cellClass && this.pages.previous[page] === previous,
        'a list of pages is sound',
      );
      listed += this.classes.perPage[cellClass] - this.pages.live[page];
      assert(listed <= free, 'a list of pages has no cycle');
      previous = page;
    }
    assert(this.#last[cellClass] === previous && listed === free, 'pages with a free cell are listed');
  }

  #copyCell(source: Int32Array, fromAt: number, to: Ref, count: number): void {
    const target = this.wordsOf(to);
    const toAt = this.wordAt(to);
    if (target === source) target.copyWithin(toAt, fromAt, fromAt + count);
    else target.set(source.subarray(fromAt, fromAt + count), toAt);
  }

  #emptiestPage(cellClass: number): number {
    let best = this.#last[cellClass];
    let page = best;
    for (let i = 1; i < PAGES_LOOKED_AT; i++) {
      page = this.pages.previous[page];
      if (page === 0) break;
      if (this.pages.live[page] < this.pages.live[best]) best = page;
    }
    return best;
  }

  #openPage(cellClass: number): number {
    const page = this.pages.take(cellClass);
    this.pages.live[page] = 0;
    this.pages.used[page] = 0;
    this.pages.freeCell[page] = NO_CELL;
    this.#list(page, cellClass);
    this.#addFree(cellClass, this.classes.perPage[cellClass]);
    return page;
  }

  #closePage(page: number, cellClass: number): void {
    this.#unlist(page, cellClass);
    this.#addFree(cellClass, -this.classes.perPage[cellClass]);
    this.pages.release(page);
  }

  #addFree(cellClass: number, cells: number): void {
    this.freeCells[cellClass] += cells;
    const bit = 1 << cellClass;
    if (this.freeCells[cellClass] >= this.classes.perPage[cellClass]) this.#rich[cellClass >>> 5] |= bit;
    else this.#rich[cellClass >>> 5] &= ~bit;
  }

  /** Puts a page in front: pages that just had a cell freed are nearly full, and are filled first. */
  #list(page: number, cellClass: number): void {
    const first = this.#first[cellClass];
    this.pages.previous[page] = 0;
    this.pages.next[page] = first;
    if (first === 0) this.#last[cellClass] = page;
    else this.pages.previous[first] = page;
    this.#first[cellClass] = page;
  }

  #unlist(page: number, cellClass: number): void {
    const previous = this.pages.previous[page];
    const next = this.pages.next[page];
    if (previous === 0) this.#first[cellClass] = next;
    else this.pages.next[previous] = next;
    if (next === 0) this.#last[cellClass] = previous;
    else this.pages.previous[next] = previous;
  }
}
