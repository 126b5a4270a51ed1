/**
 * Latencies in microseconds, counted in buckets whose width is at most 1/64 of their value.
 *
 *   0..127 one bucket each | 128..255 in 64 buckets of 2 | 256..511 in 64 buckets of 4 | ... up to 2^32 us (71 min)
 *
 * Recording costs a few nanoseconds and allocates nothing. A percentile is the upper end of its bucket.
 */
const SUB_BITS = 6;
const SUB_COUNT = 1 << SUB_BITS;
const LINEAR = SUB_COUNT * 2;
const MOST = 2 ** 32 - 1;

export class LatencyHistogram {
  readonly #counts = new Float64Array(LINEAR + (32 - SUB_BITS - 1) * SUB_COUNT);
  count = 0;
  maxUs = 0;

  recordMs(ms: number): void {
    this.record(ms * 1000);
  }

  record(us: number): void {
    const value = us < 0 ? 0 : us > MOST ? MOST : us >>> 0;
    this.#counts[bucketOf(value)]++;
    this.count++;
    if (us > this.maxUs) this.maxUs = us;
  }

  /** The latency that the given share (0.99) of all records does not exceed; 0 when there are none. */
  percentile(share: number): number {
    const wanted = Math.max(1, Math.ceil(this.count * share));
    let seen = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      seen += this.#counts[bucket] as number;
      if (seen >= wanted) return Math.min(this.maxUs, upperEnd(bucket));
    }
    return this.maxUs;
  }

  clear(): void {
    this.#counts.fill(0);
    this.count = 0;
    this.maxUs = 0;
  }
}

function bucketOf(value: number): number {
  if (value < LINEAR) return value;
  const shift = 31 - Math.clz32(value) - SUB_BITS;
  return LINEAR + (shift - 1) * SUB_COUNT + (value >>> shift) - SUB_COUNT;
}

function upperEnd(bucket: number): number {
  if (bucket < LINEAR) return bucket + 1;
  const shift = ((bucket - LINEAR) >> SUB_BITS) + 1;
  const sub = ((bucket - LINEAR) & (SUB_COUNT - 1)) + SUB_COUNT;
  return (sub + 1) * 2 ** shift;
}
