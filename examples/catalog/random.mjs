/** Randomness that a seed repeats: every shop has the same stock, and every load the same customers. */

/** Numbers from 0 to less than 1 (mulberry32). @param {number} seed @returns {() => number} */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One of a list. @template T @param {readonly T[]} list @param {() => number} random @returns {T} */
export function pick(list, random) {
  return /** @type {T} */ (list[Math.floor(random() * list.length)]);
}

/**
 * Draws ranks from 0 to `count` - 1 as people draw products: rank k with a weight of 1 / (k + 1) (Zipf).
 *
 * @param {number} count
 * @param {() => number} random
 * @returns {() => number}
 */
export function zipf(count, random) {
  const upTo = new Float64Array(count);
  let total = 0;
  for (let rank = 0; rank < count; rank++) upTo[rank] = total += 1 / (rank + 1);
  return () => {
    const wanted = random() * total;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (/** @type {number} */ (upTo[middle]) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
