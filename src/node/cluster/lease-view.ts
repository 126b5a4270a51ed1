/**
 * The write lease as the main thread sees it: asked before each write, and before its reply leaves.
 *
 *   worker   until = holder's clock     ──deadline on the monotonic clock──>   cell
 *   main     reads its own clocks, then the cell; a deadline that is new counts from what it had skipped at its reading before
 *
 * This is the reckoning of src/cluster/lease/holder-clock.ts for who has a lease from another thread, step by step:
 *
 * - The first reading is made before there is a worker, so that there always is one before.
 * - When its clocks jumped nothing that was handed over counts. The jump is counted in the cell; the worker drops what was granted, and
 *   says with each later lease how many jumps it had heard of. One that had heard of fewer may be older than the jump.
 *
 *       worker   hands over D ──────────────────────────────────────────── hears of the jump, drops, asks anew, hands over E
 *       main                     suspended ── reads: jumped ── D is new here, and void ─────────────────────────── E counts
 *
 * Cost: two clocks and one load, some 120 ns.
 */
import { type Clocks, HolderClock } from '../../cluster/index.js';
import type { HostClocks } from './host-clocks.js';
import type { SharedCell } from './shared-cell.js';

const NEVER = Number.NEGATIVE_INFINITY;

export class LeaseView implements Clocks {
  /** The clocks at the last look. */
  monotonicMs: number;
  holderMs: number;
  readonly #cell: SharedCell;
  readonly #clocks: HostClocks;
  readonly #clock = new HolderClock();
  #number: number;
  #skippedMs: number;
  /** On the holder's clock of this thread. */
  #untilMs = NEVER;
  #jumps = 0;
  #isHeld = false;

  /** To be made before the worker. */
  constructor(cell: SharedCell, clocks: HostClocks) {
    this.#cell = cell;
    this.#clocks = clocks;
    this.#number = cell.number;
    const { monotonicMs, wallMs } = clocks();
    const { holderMs, skippedMs } = this.#clock.read(monotonicMs, wallMs);
    this.monotonicMs = monotonicMs;
    this.holderMs = holderMs;
    this.#skippedMs = skippedMs;
  }

  /** Whether a write for this shard at this epoch may be executed now, or its reply may leave. Takes a look. */
  mayWrite(shard: number, epoch: number): boolean {
    const { holderMs } = this.look();
    return (
      holderMs < this.#untilMs && !this.#isHeld && this.#cell.shard === shard && this.#cell.epoch === epoch
    );
  }

  /** While it is held nothing may be written, whatever the cell says: a release is under way, or there is no worker any more. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
  }

  /** Reads the clocks, then the cell. Returns this, as the clocks of now, until the next look. */
  look(): Clocks {
    const { monotonicMs, wallMs } = this.#clocks();
    const skippedBeforeMs = this.#skippedMs;
    const { holderMs, skippedMs, jumped } = this.#clock.read(monotonicMs, wallMs);
    this.monotonicMs = monotonicMs;
    this.holderMs = holderMs;
    this.#skippedMs = skippedMs;
    if (jumped) {
      this.#untilMs = NEVER;
      this.#jumps = (this.#jumps + 1) | 0;
      this.#cell.jumps = this.#jumps;
    }
    // Who finds it changing at each look has none, until it has read it.
    if (!this.#cell.readLease()) this.#untilMs = NEVER;
    else if (this.#cell.number !== this.#number) {
      this.#number = this.#cell.number;
      const isBehindJump = this.#cell.jumpsHeard === this.#jumps;
      this.#untilMs = isBehindJump ? this.#cell.deadlineMs + skippedBeforeMs : NEVER;
    }
    return this;
  }
}
