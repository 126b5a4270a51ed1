/** How long the last so many things took. */

/** Enough for a 99th percentile that does not jump; sorting them takes less than a ms. */
const KEPT = 2048;

export class Latencies {
  #ms = new Float64Array(KEPT);
  #count = 0;

  /** @param {number} ms */
  add(ms) {
    this.#ms[this.#count++ % KEPT] = ms;
  }

  /** Of the last KEPT, in ms; null while there is none. */
  figures() {
    const sorted = this.#ms.slice(0, Math.min(this.#count, KEPT)).sort();
    if (sorted.length === 0) return null;
    /** @param {number} share */
    const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    return { p50: rounded(at(0.5)), p99: rounded(at(0.99)), max: rounded(at(1)) };
  }
}

/** @param {number} ms */
function rounded(ms) {
  return Math.round(ms * 100) / 100;
}
