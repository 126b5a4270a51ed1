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
import { HolderClock } from '../../cluster/index.js';
import type { HostClocks } from './host-clocks.js';
import type { SharedCell } from './shared-cell.js';

const NEVER = Number.NEGATIVE_INFINITY;

export class LeaseView {
  readonly #cell: SharedCell;
  readonly #clocks: HostClocks;
  readonly #clock = new HolderClock();
  #number: number;
  #skippedMs: number;
  /** On the holder's clock of this thread. */
  #untilMs = NEVER;
  /** When it was last known to hold one that it does not hold now, on that clock. */
  #heldMs = NEVER;
  #jumps = 0;
  #isHeld = false;

  /** To be made before the worker. */
  constructor(cell: SharedCell, clocks: HostClocks) {
    this.#cell = cell;
    this.#clocks = clocks;
    this.#number = cell.number;
    const { monotonicMs, wallMs } = clocks();
    this.#skippedMs = this.#clock.read(monotonicMs, wallMs).skippedMs;
  }

  /** Whether a write for this shard at this epoch may be executed now, or its reply may leave. */
  mayWrite(shard: number, epoch: number): boolean {
    return this.leftMs() > 0 && this.#cell.shard === shard && this.#cell.epoch === epoch;
  }

  /** For how long this node may write yet, in ms, if its lease is not renewed; 0: not at all. */
  leftMs(): number {
    const nowMs = this.#look();
    return this.#isHeld ? 0 : Math.max(0, this.#untilMs - nowMs);
  }

  /** For how long this node has been without its lease, in ms; 0: it has it. Infinity: it never had one. */
  lostForMs(): number {
    const nowMs = this.#look();
    return Math.max(0, nowMs - Math.max(this.#heldMs, this.#untilMs));
  }

  /** While it is held nothing may be written, whatever the cell says: a release is under way, or there is no worker any more. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
  }

  /** Reads the clocks, then the cell. Returns the time of the holder's clock. */
  #look(): number {
    const { monotonicMs, wallMs } = this.#clocks();
    const skippedBeforeMs = this.#skippedMs;
    const { holderMs, skippedMs, jumped } = this.#clock.read(monotonicMs, wallMs);
    this.#skippedMs = skippedMs;
    if (jumped) {
      this.#become(NEVER, holderMs);
      this.#jumps = (this.#jumps + 1) | 0;
      this.#cell.jumps = this.#jumps;
    }
    // Who finds it changing at each look has none, until it has read it.
    if (!this.#cell.readLease()) this.#become(NEVER, holderMs);
    else if (this.#cell.number !== this.#number) {
      this.#number = this.#cell.number;
      const isBehindJump = this.#cell.jumpsHeard === this.#jumps;
      this.#become(isBehindJump ? this.#cell.deadlineMs + skippedBeforeMs : NEVER, holderMs);
    }
    return holderMs;
  }

  #become(untilMs: number, nowMs: number): void {
    this.#heldMs = Math.max(this.#heldMs, Math.min(this.#untilMs, nowMs));
    this.#untilMs = untilMs;
  }
}
