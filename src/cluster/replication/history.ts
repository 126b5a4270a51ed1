/**
 * What a copy holds: everything up to an offset of one epoch of its shard.
 *
 *   epoch 6  ── 1 ── 2 ── 3 ── 4 ── 5        primary a
 *                         │
 *   epoch 7               3 ── 4' ── 5'      primary b took over at offset 3
 *
 * Offsets count writes and go on over epochs. Copies that hold the same offset of the same epoch hold the same. One that holds
 * offset 2 or 3 of epoch 6 has nothing that b lacks, and goes on in epoch 7 from there; one that holds 4 of epoch 6 has what
 * is in no history any more, and begins anew.
 */
export interface History {
  readonly epoch: number;
  readonly offset: number;
}

/** How a primary came to its epoch. */
export interface Takeover {
  readonly epoch: number;
  /** What it held then; of a shard's first epoch, and of one that was re-homed: epoch 0, offset 0. */
  readonly from: History;
}

/** Whether a copy that holds this has nothing that the history of the primary lacks. */
export function isWithin(held: History, { epoch, from }: Takeover): boolean {
  return held.epoch === epoch || (held.epoch === from.epoch && held.offset <= from.offset);
}
