/**
 * The near cache: what this process has read lately and may answer without asking a node.
 *
 *   index    key -> slot                   (Maps, see base/slot-index.ts)
 *   slot     |   1    |   2    | ...
 *   keys     | 'b'    | 'a'    |           arrays
 *   handles  | given back by a hit         what the caller made of the value: an object, a settled promise, ...
 *   lookAts  | until when a hit needs no closer look: the earlier of refreshAtMs and freshUntilMs
 *   ends     | fresh, stale   | ..         when it ends as fresh and as stale, both never in the future once flushed
 *   sizes    | bytes counted  |            0 in a free slot
 *   nodes    | read from node |
 *   loads    | 1: a refresh must load      |
 *   order    newest <-> ... <-> oldest     strict LRU (see base/slot-order.ts)
 *
 * An entry's life, in milliseconds of the caller's clock:
 *
 *        enter              refreshAtMs          freshUntilMs               staleUntilMs
 *   ------|----- fresh ----------|----- fresh ---------|---- only getStale ------|  gone
 *                                ^ the first hit says that a refresh is due
 *
 * It leaves earlier by `invalidate` (a push named its key), `invalidateAll`, `flushNode` (pushes of its node may have
 * been lost), by being replaced, or as the least recently used when the bytes are spent. Nothing enters whose
 * ticket, drawn before the value was decoded, is void by then: see near-tickets.ts.
 *
 * Bytes: at most `maxBytes`, counting each entry's key, value and share of all structures (arrays at their fullest
 * after growing, the Map, a promise as handle), and the words of the tickets. Every operation is O(1), but for the
 * moment when arrays or a Map grow, and for evictions, of which a large value needs many.
 *
 * `flushNode` passes over all slots and ends the times of the node's entries, which takes some ns a slot. What
 * is dead, by that or by its time, leaves when it is met: by a read, as the oldest, or by a hand that goes around the
 * slots, two at each entering. `bytes` counts it until then; `entries` does not count what was flushed.
 */
import { assert, SlotIndex, SlotOrder } from '../../base/index.js';
import { textBytes } from './heap-bytes.js';
import type { NearEntry, NearStats } from './near-entry.js';
import { bucketsWithin, MAX_NODES, NearTickets, type Ticket } from './near-tickets.js';

/**
 * What an entry takes besides key and value: 55 in arrays of which a third may be empty, 28 to 112 in the Map, 40 as a
 * settled promise. Measured are 113 to 174 while it fills, and 178 in one that is full and takes in a new key each time.
 */
const ENTRY_BYTES = 184;
/** An entry takes at most this share of all bytes: one large value should not drive out everything. */
const LARGEST_SHARE = 1 / 8;
/** The smallest budget: a fifth of it is for the words of buckets and nodes. */
export const MIN_NEAR_BYTES = 65_536;

const FIRST_SLOTS = 64;
const GROWTH = 1.5;
/** Slots the hand looks at for each entry that enters. More than one, so that it outruns what enters. */
const HAND_SLOTS = 2;

/** The times of what was flushed: it is no use at any time. */
const FLUSHED = Number.NEGATIVE_INFINITY;

export class NearCache<H extends {}> {
  readonly #maxBytes: number;
  readonly #maxEntries: number;
  readonly #largestBytes: number;
  readonly #tickets: NearTickets;

  readonly #index: SlotIndex<string>;
  readonly #order: SlotOrder;
  // Slot 0 holds no entry.
  readonly #keys: (string | undefined)[] = [undefined];
  readonly #handles: (H | undefined)[] = [undefined];
  #lookAts: Float64Array;
  #freshEnds: Float64Array;
  #staleEnds: Float64Array;
  #sizes: Uint32Array;
  #nodes: Uint16Array;
  #loads: Uint8Array;
  /** Of each node, its entries that were not flushed. */
  readonly #entriesOfNode = new Uint32Array(MAX_NODES);
  readonly #fixedBytes: number;
  #bytes: number;
  #size = 0;
  /** Entries that were flushed and have not left yet. */
  #flushed = 0;
  #hand = 0;
  #isRefreshDue = false;

  #hits = 0;
  #misses = 0;
  #staleHits = 0;
  #evictions = 0;
  #expirations = 0;
  #invalidations = 0;
  #flushes = 0;
  #refusedTickets = 0;
  #refusedSizes = 0;

  /** `maxBytes` from `MIN_NEAR_BYTES` on. */
  constructor(maxBytes: number) {
    assert(maxBytes >= MIN_NEAR_BYTES, `the near cache has ${maxBytes} bytes: give it ${MIN_NEAR_BYTES}`);
    this.#maxBytes = maxBytes;
    this.#tickets = new NearTickets(bucketsWithin(maxBytes));
    this.#fixedBytes = this.#tickets.bytes + this.#entriesOfNode.byteLength;
    this.#bytes = this.#fixedBytes;
    this.#largestBytes = Math.min(2 ** 32 - 1, Math.floor(maxBytes * LARGEST_SHARE));
    this.#maxEntries = Math.ceil((maxBytes - this.#fixedBytes) / ENTRY_BYTES);
    this.#index = new SlotIndex(this.#maxEntries);
    this.#order = new SlotOrder(FIRST_SLOTS);
    this.#lookAts = new Float64Array(FIRST_SLOTS + 1);
    this.#freshEnds = new Float64Array(FIRST_SLOTS + 1);
    this.#staleEnds = new Float64Array(FIRST_SLOTS + 1);
    this.#sizes = new Uint32Array(FIRST_SLOTS + 1);
    this.#nodes = new Uint16Array(FIRST_SLOTS + 1);
    this.#loads = new Uint8Array(FIRST_SLOTS + 1);
  }

  /**
   * The handle of a fresh entry. After a hit, `isRefreshDue` says whether who asked should refresh it; who cannot load
   * is not told of what must be.
   */
  get(key: string, nowMs: number, canLoad = true): H | undefined {
    const slot = this.#index.get(key);
    if (slot !== undefined) {
      if (nowMs < this.#lookAts[slot]) {
        this.#isRefreshDue = false;
        this.#hits++;
        this.#order.touch(slot);
        return this.#handles[slot];
      }
      if (this.#isFreshAtCloserLook(slot, nowMs, canLoad)) return this.#handles[slot];
    }
    this.#misses++;
    return undefined;
  }

  /**
   * Whether the last hit was the first one after its entry's `refreshAtMs`, of those who can refresh it. It is told once,
   * so that one reader refreshes and the others go on; if that comes to nothing, the entry ends at its time.
   */
  get isRefreshDue(): boolean {
    return this.#isRefreshDue;
  }

  /** Whether there is a fresh entry. It changes nothing and counts nothing. */
  has(key: string, nowMs: number): boolean {
    const slot = this.#index.get(key);
    return slot !== undefined && nowMs < this.#freshEnds[slot];
  }

  /** The handle of an entry that is fresh or that may still be given as stale. */
  getStale(key: string, nowMs: number): H | undefined {
    const slot = this.#index.get(key);
    if (slot === undefined || this.#leavesIfOver(slot, nowMs)) return undefined;
    this.#staleHits++;
    this.#order.touch(slot);
    return this.#handles[slot];
  }

  /**
   * To be drawn when the answer is read from the stream, at its place among the pushes, or earlier; see
   * near-tickets.ts. One is good for many keys and any node.
   */
  drawTicket(): Ticket {
    return this.#tickets.draw();
  }

  /**
   * Lets a value in, if nothing that concerns it was invalidated since its ticket was drawn. Returns whether it is
   * here now. A value with a good ticket that is too large or has no time left takes the place of an older one too,
   * so that this one is gone.
   */
  enter(key: string, entry: NearEntry<H>, ticket: Ticket, nowMs: number): boolean {
    assertNode(entry.node);
    this.#turnHand(nowMs);
    if (!this.#tickets.isGood(ticket, key, entry.node)) {
      this.#refusedTickets++;
      return false;
    }
    const bytes = ENTRY_BYTES + textBytes(key) + Math.ceil(entry.valueBytes);
    const isTooLarge = !(bytes <= this.#largestBytes);
    if (isTooLarge) this.#refusedSizes++;
    if (isTooLarge || !(nowMs < entry.freshUntilMs)) {
      this.#drop(key);
      return false;
    }
    const slot = this.#slotFor(key, bytes, nowMs);
    this.#handles[slot] = entry.handle;
    this.#nodes[slot] = entry.node;
    this.#loads[slot] = entry.needsLoad === true ? 1 : 0;
    this.#entriesOfNode[entry.node]++;
    const refreshAtMs = entry.refreshAtMs ?? entry.freshUntilMs;
    this.#lookAts[slot] = Math.min(refreshAtMs, entry.freshUntilMs);
    this.#freshEnds[slot] = entry.freshUntilMs;
    this.#staleEnds[slot] = Math.max(entry.freshUntilMs, entry.staleUntilMs ?? entry.freshUntilMs);
    return true;
  }

  /**
   * The entry goes, and what is under way is void. For a key that a push names, and for one that this process wrote or
   * deleted: at the acknowledgement, before the caller goes on, since the push comes after it.
   */
  invalidate(key: string): void {
    this.#invalidations++;
    this.#tickets.noteKey(key);
    this.#drop(key);
  }

  /** Everything may have changed. */
  invalidateAll(): void {
    this.#invalidations++;
    this.#tickets.noteAll();
    this.#index.clear();
    this.#order.clear();
    this.#keys.length = 1;
    this.#handles.length = 1;
    this.#sizes.fill(0);
    this.#entriesOfNode.fill(0);
    this.#bytes = this.#fixedBytes;
    this.#size = 0;
    this.#flushed = 0;
  }

  /** Pushes of this node may have been lost, or its entries belong to another epoch: all that was read from it goes. */
  flushNode(node: number): void {
    assertNode(node);
    this.#flushes++;
    this.#tickets.noteNode(node);
    let left = this.#entriesOfNode[node];
    this.#flushed += left;
    this.#entriesOfNode[node] = 0;
    for (let slot = 1; left > 0; slot++) {
      if (this.#nodes[slot] !== node || this.#sizes[slot] === 0 || this.#isFlushed(slot)) continue;
      this.#lookAts[slot] = FLUSHED;
      this.#freshEnds[slot] = FLUSHED;
      this.#staleEnds[slot] = FLUSHED;
      left--;
    }
  }

  stats(): NearStats {
    return {
      hits: this.#hits,
      misses: this.#misses,
      staleHits: this.#staleHits,
      entries: this.#size - this.#flushed,
      bytes: this.#bytes,
      maxBytes: this.#maxBytes,
      evictions: this.#evictions,
      expirations: this.#expirations,
      invalidations: this.#invalidations,
      flushes: this.#flushes,
      refusedTickets: this.#refusedTickets,
      refusedSizes: this.#refusedSizes,
    };
  }

  /** The keys of all slots in use, the dead ones included, for checks. */
  *newestFirst(): Generator<string> {
    for (const slot of this.#order.newestFirst()) yield this.#keys[slot] as string;
  }

  /** Walks every structure and throws where two of them disagree. */
  verify(): void {
    this.#tickets.verify();
    let bytes = this.#fixedBytes;
    let linked = 0;
    let flushed = 0;
    const entriesOfNode = new Uint32Array(MAX_NODES);
    for (const slot of this.#order.newestFirst()) {
      linked++;
      bytes += this.#sizes[slot];
      const key = this.#keys[slot];
      assert(key !== undefined && this.#index.get(key) === slot, `the key of slot ${slot} leads to it`);
      assert(this.#handles[slot] !== undefined, `slot ${slot} has a handle`);
      assert(this.#sizes[slot] >= ENTRY_BYTES + textBytes(key), `the size of slot ${slot} counts all of it`);
      const lookAt = this.#lookAts[slot];
      const freshEnd = this.#freshEnds[slot];
      const staleEnd = this.#staleEnds[slot];
      assert(lookAt <= freshEnd && freshEnd <= staleEnd, `the times of slot ${slot} are in order`);
      if (this.#isFlushed(slot)) flushed++;
      else entriesOfNode[this.#nodes[slot]]++;
    }
    assert(linked === this.#size && this.#index.size === this.#size, 'order, index and size agree');
    const isWithin = bytes === this.#bytes && bytes <= this.#maxBytes;
    assert(isWithin, `${bytes} bytes are counted and within the budget`);
    assert(flushed === this.#flushed, 'the flushed entries are counted');
    const isCounted = this.#entriesOfNode.every((count, node) => count === entriesOfNode[node]);
    assert(isCounted, 'the entries of each node are counted');
    const slots = this.#order.slots + 1;
    const times = [this.#lookAts, this.#freshEnds, this.#staleEnds];
    for (const column of [...times, this.#sizes, this.#nodes, this.#loads]) {
      assert(column.length === slots, 'every slot is in every column');
    }
    assert(this.#sizes.filter((size) => size > 0).length === this.#size, 'a free slot has no size');
    for (const held of [this.#keys, this.#handles]) {
      assert(held.length === this.#order.highest + 1, 'every used slot has its place');
      assert(held.filter((one) => one !== undefined).length === this.#size, 'a free slot holds nothing');
    }
  }

  #isFlushed(slot: number): boolean {
    return this.#staleEnds[slot] === FLUSHED;
  }

  #isFreshAtCloserLook(slot: number, nowMs: number, canLoad: boolean): boolean {
    if (this.#leavesIfOver(slot, nowMs) || nowMs >= this.#freshEnds[slot]) return false;
    this.#isRefreshDue = canLoad || this.#loads[slot] === 0;
    if (this.#isRefreshDue) this.#lookAts[slot] = this.#freshEnds[slot];
    this.#hits++;
    this.#order.touch(slot);
    return true;
  }

  /** Removes an entry that nobody may be given any more; returns whether it was one. */
  #leavesIfOver(slot: number, nowMs: number): boolean {
    if (!this.#isFlushed(slot)) {
      if (nowMs < this.#staleEnds[slot]) return false;
      this.#expirations++;
    }
    this.#remove(slot);
    return true;
  }

  /** A slot for the key, counted with so many bytes, the newest, without node; room was made for it. */
  #slotFor(key: string, bytes: number, nowMs: number): number {
    let slot = this.#index.get(key);
    if (slot !== undefined) {
      this.#order.touch(slot);
      this.#leaveNode(slot);
      this.#bytes -= this.#sizes[slot];
      this.#sizes[slot] = 0;
    }
    // What is made room for is never the oldest: without the others it fits.
    while (this.#bytes + bytes > this.#maxBytes) this.#evict(this.#order.oldest, nowMs);
    if (slot === undefined) slot = this.#add(key);
    this.#sizes[slot] = bytes;
    this.#bytes += bytes;
    return slot;
  }

  #add(key: string): number {
    if (this.#order.isFull) this.#grow();
    const slot = this.#order.add();
    this.#index.set(key, slot);
    this.#keys[slot] = key;
    this.#size++;
    return slot;
  }

  #grow(): void {
    const slots = Math.min(Math.ceil(this.#order.slots * GROWTH), this.#maxEntries);
    this.#order.grow(slots);
    this.#lookAts = copied(new Float64Array(slots + 1), this.#lookAts);
    this.#freshEnds = copied(new Float64Array(slots + 1), this.#freshEnds);
    this.#staleEnds = copied(new Float64Array(slots + 1), this.#staleEnds);
    this.#sizes = copied(new Uint32Array(slots + 1), this.#sizes);
    this.#nodes = copied(new Uint16Array(slots + 1), this.#nodes);
    this.#loads = copied(new Uint8Array(slots + 1), this.#loads);
  }

  #evict(slot: number, nowMs: number): void {
    if (this.#leavesIfOver(slot, nowMs)) return;
    this.#evictions++;
    this.#remove(slot);
  }

  #drop(key: string): void {
    const slot = this.#index.get(key);
    if (slot !== undefined) this.#remove(slot);
  }

  #remove(slot: number): void {
    this.#index.delete(this.#keys[slot] as string);
    this.#order.remove(slot);
    this.#leaveNode(slot);
    this.#bytes -= this.#sizes[slot];
    this.#sizes[slot] = 0;
    this.#keys[slot] = undefined;
    this.#handles[slot] = undefined;
    this.#size--;
  }

  #leaveNode(slot: number): void {
    if (this.#isFlushed(slot)) this.#flushed--;
    else this.#entriesOfNode[this.#nodes[slot]]--;
  }

  #turnHand(nowMs: number): void {
    const highest = this.#order.highest;
    for (let looked = 0; looked < HAND_SLOTS && looked < highest; looked++) {
      this.#hand = this.#hand < highest ? this.#hand + 1 : 1;
      if (this.#sizes[this.#hand] > 0) this.#leavesIfOver(this.#hand, nowMs);
    }
  }
}

function assertNode(node: number): void {
  const isNode = Number.isInteger(node) && node >= 0 && node < MAX_NODES;
  assert(isNode, `node ${node} is from 0 to ${MAX_NODES - 1}`);
}

function copied<A extends Float64Array | Uint32Array | Uint16Array | Uint8Array>(to: A, from: A): A {
  to.set(from);
  return to;
}
