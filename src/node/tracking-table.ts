/**
 * Which clients have read which keys: key -> ids of clients, in a store of its own, outside the JavaScript
 * heap and bounded in bytes.
 *
 *   value of a key   | id | id | id | 0 | ... |     8 bytes each, growing; zeros fill up to a power of two
 *
 * When the table is full the key that was remembered longest ago is evicted and handed to `onEvicted`: its
 * readers must be told, since they would not learn of a change any more. Ids of closed connections stay until
 * their key changes, is evicted, or its list grows: closing a connection costs nothing here.
 *
 * Cost of `add`: one lookup and a binary search; now and then a larger list.
 */
import { assert, Block, byteString, KeyHash, type Random } from '../base/index.js';
import { MAX_KEY_BYTES, type Ref, Store } from '../store/index.js';

const ID_BYTES = 8;
const TWO_32 = 2 ** 32;
const SMALLEST_PRUNED = 16;

/** The ids that have read a key, in a block of the table's: valid until its next call. */
export interface Readers {
  readonly count: number;
  id(index: number): number;
}

export class TrackingTable {
  /** A key leaves for want of room. Must not change the table. */
  onEvicted: (key: string, readers: Readers) => void = () => {};
  /** Ids in the table. */
  items = 0;
  readonly #store: Store;
  readonly #isReader: (id: number) => boolean;
  readonly #key = Block.ofLength(MAX_KEY_BYTES);
  #ids = Block.ofLength(SMALLEST_PRUNED * ID_BYTES);
  readonly #evictedIds = new IdList();
  readonly #takenIds = new IdList();

  /** `isReader` says whether an id still belongs to a client that tracks. */
  constructor(maxBytes: number, random: Random, isReader: (id: number) => boolean) {
    this.#isReader = isReader;
    this.#store = new Store({ maxBytes, hash: new KeyHash(random.uint32(), random.uint32()), random });
    this.#store.onRemove = (ref) => this.#evict(ref);
  }

  get keys(): number {
    return this.#store.count(0);
  }

  /** Memory it takes, slack and index included. */
  get usedBytes(): number {
    return this.#store.usedBytes;
  }

  get maxBytes(): number {
    return this.#store.maxBytes;
  }

  /** Another budget; no more than the first one's pages are fit for. */
  setMaxBytes(bytes: number): void {
    this.#store.setMaxBytes(Math.min(bytes, this.#store.mostBytes));
    while (this.#store.reclaim());
  }

  clear(): void {
    this.#store.flushAll();
    this.items = 0;
  }

  /** Notes that client `id` has read the key. Returns false if there is no room for so many readers of one key. */
  add(block: Block, at: number, length: number, id: number): boolean {
    assert(id > 0, 'ids of clients are positive');
    const store = this.#store;
    const ref = store.find(0, block, at, length);
    if (ref === 0) {
      writeId(this.#ids, 0, id);
      if (store.set(0, block, at, length, this.#ids, 0, ID_BYTES, 0) === 0) return false;
      this.items++;
      return true;
    }
    store.touch(ref);
    const capacity = store.valueLength(ref) / ID_BYTES;
    const place = this.#search(ref, capacity, id);
    if (place < capacity && this.#idAt(ref, place) === id) return true;
    return this.#insert(ref, capacity, place, id);
  }

  /** Takes a key out of the table and returns its readers; undefined if it is not there. */
  take(block: Block, at: number, length: number): Readers | undefined {
    const ref = this.#store.find(0, block, at, length);
    if (ref === 0) return undefined;
    this.#load(ref, this.#takenIds);
    this.items -= this.#takenIds.count;
    this.#store.remove(ref);
    return this.#takenIds;
  }

  verify(): void {
    this.#store.verify();
  }

  #insert(ref: Ref, capacity: number, place: number, id: number): boolean {
    const store = this.#store;
    let count = this.#search(ref, capacity, Number.POSITIVE_INFINITY);
    if (place === count && count < capacity) {
      // Younger clients have larger ids, so most come last.
      writeId(this.#ids, 0, id);
      store.writeValue(ref, place * ID_BYTES, this.#ids, 0, ID_BYTES);
      this.items++;
      return true;
    }
    const ids = this.#room(Math.max(2 * capacity, count + 1));
    store.copyValue(ref, 0, count * ID_BYTES, ids, 0);
    if (count === capacity && count >= SMALLEST_PRUNED) {
      const kept = this.#prune(ids, count);
      this.items -= count - kept;
      count = kept;
    }
    insertSorted(ids, count, id);
    count++;
    const wanted = powerOfTwo(count);
    ids.bytes.fill(0, count * ID_BYTES, wanted * ID_BYTES);
    const moved = wanted === capacity ? ref : store.resizeValue(ref, wanted * ID_BYTES);
    if (moved === 0) return false;
    store.writeValue(moved, 0, ids, 0, wanted * ID_BYTES);
    this.items++;
    return true;
  }

  #prune(ids: Block, count: number): number {
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const id = readId(ids, i);
      if (this.#isReader(id)) writeId(ids, kept++, id);
    }
    return kept;
  }

  /** The first place whose id is not smaller; zeros at the end count as larger than any. */
  #search(ref: Ref, capacity: number, id: number): number {
    let low = 0;
    let high = capacity;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const there = this.#idAt(ref, middle);
      if (there !== 0 && there < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #idAt(ref: Ref, place: number): number {
    this.#store.copyValue(ref, place * ID_BYTES, ID_BYTES, this.#ids, 0);
    return readId(this.#ids, 0);
  }

  #room(ids: number): Block {
    if (this.#ids.bytes.length < ids * ID_BYTES) this.#ids = Block.ofLength(powerOfTwo(ids) * ID_BYTES);
    return this.#ids;
  }

  #evict(ref: Ref): void {
    const store = this.#store;
    const length = store.keyLength(ref);
    store.copyKey(ref, this.#key, 0);
    this.#load(ref, this.#evictedIds);
    this.items -= this.#evictedIds.count;
    this.onEvicted(byteString(this.#key, 0, length), this.#evictedIds);
  }

  #load(ref: Ref, into: IdList): void {
    const bytes = this.#store.valueLength(ref);
    into.ensure(bytes);
    this.#store.copyValue(ref, 0, bytes, into.block, 0);
    into.countUpTo(bytes / ID_BYTES);
  }
}

class IdList implements Readers {
  block = Block.ofLength(ID_BYTES);
  count = 0;

  id(index: number): number {
    return readId(this.block, index);
  }

  ensure(bytes: number): void {
    if (this.block.bytes.length < bytes) this.block = Block.ofLength(bytes);
  }

  countUpTo(capacity: number): void {
    this.count = capacity;
    while (this.count > 0 && this.id(this.count - 1) === 0) this.count--;
  }
}

function insertSorted(ids: Block, count: number, id: number): void {
  let i = count;
  for (; i > 0 && readId(ids, i - 1) > id; i--) writeId(ids, i, readId(ids, i - 1));
  writeId(ids, i, id);
}

function readId(block: Block, index: number): number {
  const at = index * ID_BYTES;
  return block.view.getUint32(at + 4, true) * TWO_32 + block.view.getUint32(at, true);
}

function writeId(block: Block, index: number, id: number): void {
  const at = index * ID_BYTES;
  block.view.setUint32(at, id >>> 0, true);
  block.view.setUint32(at + 4, Math.floor(id / TWO_32), true);
}

function powerOfTwo(least: number): number {
  return least <= 1 ? 1 : 2 ** (32 - Math.clz32(least - 1));
}
