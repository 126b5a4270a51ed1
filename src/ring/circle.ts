/**
 * A circle of 2^32 positions with points on it, each of which belongs to an owner.
 *
 *   0 ──────── A ──────── B ─── A ────────── C ──────── 2^32
 *     A's ────>   B's ───>  A's>   C's ─────>   A's, and on from 0 ...
 *
 * A position belongs to the owner of the next point clockwise: the first whose position is the same or larger, and
 * beyond the last one the first of all. So a new point takes from one owner a part of one arc, and gives it back when
 * it goes. Of points with equal positions the one with the smallest owner comes first and has the arc.
 *
 * Owners are numbers from 0 on. Whence the points come, hashed or chosen, is not known here.
 * A position is passed as an int32, whose bits are the position.
 *
 * Cost: 6 bytes a point, 8 more while it is built. A lookup is a bisection.
 */
import { assert } from '../base/index.js';

export const POSITIONS = 2 ** 32;

/** An owner takes 10 of the 53 bits of a number that is sorted, its position 32. Far more nodes than one client reaches. */
export const MAX_OWNERS = 1024;

export class Circle {
  readonly #positions: Uint32Array;
  readonly #owners: Uint16Array;
  readonly #ownerCount: number;

  /** The position and the owner of each point, in any order. The arrays now belong to the circle, which sorts them. */
  constructor(positions: Uint32Array, owners: Uint16Array, ownerCount: number) {
    assert(positions.length > 0 && positions.length === owners.length, 'a circle has points with owners');
    assert(ownerCount <= MAX_OWNERS, 'owners fit beside a position');
    const sorted = new Float64Array(positions.length);
    for (let i = 0; i < sorted.length; i++) {
      assert(owners[i] < ownerCount, 'every point has one of the owners');
      sorted[i] = positions[i] * MAX_OWNERS + owners[i];
    }
    sorted.sort();
    for (let i = 0; i < sorted.length; i++) {
      positions[i] = Math.floor(sorted[i] / MAX_OWNERS);
      owners[i] = sorted[i] % MAX_OWNERS;
    }
    this.#positions = positions;
    this.#owners = owners;
    this.#ownerCount = ownerCount;
  }

  get points(): number {
    return this.#positions.length;
  }

  ownerAt(position: number): number {
    return this.#owners[this.#pointAt(position)];
  }

  /** The first `count` different owners from the position on, clockwise; all that have a point when there are fewer. */
  ownersAt(position: number, count: number): number[] {
    const found: number[] = [];
    const isFound = new Uint8Array(this.#ownerCount);
    let point = this.#pointAt(position);
    for (let left = this.#owners.length; left > 0 && found.length < count; left--) {
      const owner = this.#owners[point];
      if (isFound[owner] === 0) {
        isFound[owner] = 1;
        found.push(owner);
      }
      point = point + 1 === this.#owners.length ? 0 : point + 1;
    }
    return found;
  }

  /** How many positions each owner has. */
  positionsOfOwners(): Float64Array {
    const sums = new Float64Array(this.#ownerCount);
    let previous = this.#positions[this.#positions.length - 1] - POSITIONS;
    for (let i = 0; i < this.#positions.length; i++) {
      sums[this.#owners[i]] += this.#positions[i] - previous;
      previous = this.#positions[i];
    }
    return sums;
  }

  #pointAt(position: number): number {
    const positions = this.#positions;
    const wanted = position >>> 0;
    let low = 0;
    let high = positions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (positions[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return low === positions.length ? 0 : low;
  }
}
