/**
 * Who owns which of the 16,384 hash slots. A topology has it as ranges, which are few and can be read; for
 * look-ups they are laid out as a table of one number a slot.
 *
 *   ranges   [0-5460: 1] [5461-10922: 2] [10923-16383: 3]     in order, without gaps, neighbours differ
 *   owners   1 1 1 ... 1 2 2 2 ... 2 3 3 3 ... 3              32 KB
 *
 * Equal tables are equal ranges, since ranges that touch and have one owner are always joined.
 */
import { assert, SLOT_COUNT } from '../base/index.js';
import type { SlotRange } from './topology.js';

/** Ids of shards go from 0 to this one, so that an owner fits into 16 bits. They are never used again: a shard more every hour for seven years. */
export const MAX_SHARD_ID = 65_535;

/** The owner of each slot. Where ranges overlap the last one counts, and a gap is a defect. */
export function slotOwners(ranges: readonly SlotRange[]): Uint16Array {
  const owners = new Uint16Array(SLOT_COUNT);
  let next = 0;
  for (const { first, last, shard } of ranges) {
    assert(
      first === next && last >= first && last < SLOT_COUNT,
      'ranges of slots are in order, without gaps',
    );
    owners.fill(shard, first, last + 1);
    next = last + 1;
  }
  assert(next === SLOT_COUNT, 'ranges of slots are all slots');
  return owners;
}

/** The fewest ranges that say the same. */
export function slotRanges(owners: Uint16Array): SlotRange[] {
  const ranges: SlotRange[] = [];
  let first = 0;
  for (let slot = 1; slot <= owners.length; slot++) {
    if (slot < owners.length && owners[slot] === owners[first]) continue;
    ranges.push({ first, last: slot - 1, shard: owners[first] });
    first = slot;
  }
  return ranges;
}

/** The slots of one topology, for look-ups. Cost: 32 KB; made in some microseconds a range. */
export class SlotTable {
  readonly #owners: Uint16Array;
  readonly #ranges: readonly SlotRange[];

  /** The slots of a valid topology. */
  constructor(ranges: readonly SlotRange[]) {
    this.#owners = slotOwners(ranges);
    this.#ranges = ranges;
  }

  /** The id of the shard that owns the slot, 0 to 16383. */
  ownerOf(slot: number): number {
    assert(slot >= 0 && slot < SLOT_COUNT, 'a slot is one of the table');
    return this.#owners[slot];
  }

  /** The slots of a shard, in order; none if it owns nothing. */
  rangesOf(shard: number): SlotRange[] {
    return this.#ranges.filter((range) => range.shard === shard);
  }
}
