/**
 * The clock of a holder: of a lease, or of anything that is over when others think it is. It may run fast; it must never have missed
 * a pause, or its owner uses what was given to somebody else meanwhile.
 *
 * The monotonic clock stands still while a machine is suspended (Linux), the wall clock goes on but is set and slewed. So this clock is
 * the monotonic one plus all that the wall clock ever gained on it:
 *
 *   wall - monotonic      ____/‾‾‾‾‾\______/‾‾        a suspend, or somebody set the clock forward: counted
 *                                                   set back: not counted, and the next gain counts from there
 *   skipped (sum of gains)____/‾‾‾‾‾‾‾‾‾‾‾‾/‾‾
 *
 * A forward step of the wall clock looks like a pause and counts as one. That costs a lease, for a moment. A backward step changes nothing.
 *
 * `wall - monotonic` trembles, as the wall clock has whole milliseconds and the thread can be interrupted between two looks. If each
 * gain after each loss counted, this clock would run double; so a loss is believed up to `TREMBLE_MS`, and a pause of less than that may
 * be missed each time the clocks lost as much before. The slack eps of a promise is ten times that.
 *
 * At each use the advance of both clocks since the last use is compared. If they are more than `APART_MS` apart, something happened to
 * this machine that its owner did not see coming: it drops its leases (`jumped`), whatever this clock says.
 *
 * Two threads have two such clocks, and what they skipped differs by a little that adds up. So a deadline goes from one thread to another on
 * the monotonic clock, as `untilMs - skippedMs` of a reading made when it is handed over. The other reads its clocks, then looks at the
 * deadline; one that is new there counts from what it had skipped at its reading *before*, as a pause may lie between the two:
 * it may go on while `holderMs < deadlineMs + skippedMs of the reading before`. After a jump it waits for a deadline that is newer than it.
 *
 * A guest that its hypervisor stopped and resumed finds nothing of that in either clock. See docs/write-lease.md.
 *
 * Cost: four additions. It is read before each write.
 */
import { assert } from '../../base/index.js';

/** What two looks at the clocks may be apart without a pause between them, in ms: one tick of a wall clock, and a little. */
const TREMBLE_MS = 2;
/** Clocks that advanced this much differently since the last use, in ms: no slew does that in less than 100 s. */
const APART_MS = 50;

/** holder-monotonic-only: reckons with the monotonic clock alone, as `performance.now()` invites one to. */
export const HOLDER_CLOCK_MUTANTS = ['holder-monotonic-only'] as const;

export interface HolderReading {
  /** In ms; from reading to reading it grows at least as much as each of the clocks. */
  readonly holderMs: number;
  /** How much of `holderMs` the monotonic clock does not show. */
  readonly skippedMs: number;
  /** Leases must be dropped before anything is done under them. Said once, by the reading that found it. */
  readonly jumped: boolean;
}

export class HolderClock {
  readonly #isMonotonicOnly: boolean;
  #monotonicMs = Number.NEGATIVE_INFINITY;
  /** wall - monotonic at the last reading. */
  #apartMs = Number.NaN;
  /** How far the wall clock is behind what was counted, at most TREMBLE_MS; never above 0. */
  #leadMs = 0;
  /** What the monotonic clock missed. */
  #skippedMs = 0;

  constructor({ mutants }: { readonly mutants?: ReadonlySet<string> } = {}) {
    this.#isMonotonicOnly = mutants?.has('holder-monotonic-only') ?? false;
  }

  /** Takes a reading of both clocks, made one right after the other, in ms. `monotonicMs` never goes back. */
  read(monotonicMs: number, wallMs: number): HolderReading {
    assert(monotonicMs >= this.#monotonicMs, 'the monotonic clock does not go back');
    this.#monotonicMs = monotonicMs;
    const apartMs = wallMs - monotonicMs;
    const gainMs = Number.isNaN(this.#apartMs) ? 0 : apartMs - this.#apartMs;
    this.#apartMs = apartMs;
    if (this.#isMonotonicOnly) return { holderMs: monotonicMs, skippedMs: 0, jumped: false };
    this.#leadMs = Math.max(this.#leadMs + gainMs, -TREMBLE_MS);
    if (this.#leadMs > 0) {
      this.#skippedMs += this.#leadMs;
      this.#leadMs = 0;
    }
    const skippedMs = this.#skippedMs;
    return { holderMs: monotonicMs + skippedMs, skippedMs, jumped: Math.abs(gainMs) > APART_MS };
  }
}
