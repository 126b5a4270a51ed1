/** Seeded random numbers: the same seed gives every contender the same traffic. */
import { Random } from '#layers/base';

export class SeededRandom extends Random {
  /** All integers of [0, count) in random order. */
  permutation(count: number): Uint32Array {
    const order = Uint32Array.from({ length: count }, (_, index) => index);
    for (let last = count - 1; last > 0; last--) {
      const other = this.below(last + 1);
      const value = order[last] as number;
      order[last] = order[other] as number;
      order[other] = value;
    }
    return order;
  }
}
