/**
 * What became of what was acknowledged, key by key, as reads of a primary under its lease saw it.
 *
 *   write 7 ──done   delete ──done   read ──> 7          the delete came undone
 *   write 7 ──done   write 8 ──done  read ──> 7          8 is lost
 *   write 7 ──done                   read ──> nothing    7 is lost, if no delete can have come after it
 *   write 9 ──refused                read ──> 9          it was executed all the same
 *
 * All values differ, so a value says which write it is of. What had no answer may be executed at any time from its start on, thus
 * proves nothing; so may operations that overlap. What is found is therefore certain.
 *
 * Bounded: of what was written to a key the newest KEPT are remembered between two looks. A read of something older is told as an
 * unknown value, which is a finding too.
 */
import { DELETE, DONE, type Operation, READ, REFUSED, UNKNOWN, WRITE } from './operations.js';

const KEPT = 64;

export interface KeyFindings {
  /** Acknowledged writes that a later read shows to be gone. */
  readonly lost: readonly Operation[];
  /** Reads that saw what an acknowledged delete had removed before they began, and those deletes. */
  readonly undone: readonly { readonly read: Operation; readonly by: Operation }[];
  /** Reads of what was refused, or never written. */
  readonly impossible: readonly Operation[];
}

export class KeyHistory {
  #changes: Operation[] = [];
  #reads: Operation[] = [];
  readonly #lost = new Set<number>();

  take(one: Operation): void {
    if (one.kind !== READ) this.#changes.push(one);
    else if (one.outcome === DONE) this.#reads.push(one);
  }

  /** What is newly found by reads that ended before that time, when all operations that began before it are told. */
  check(untilNs: number): KeyFindings {
    const ready = this.#reads.filter((read) => read.endNs <= untilNs);
    if (ready.length === 0) return nothing;
    const writes = new Map<number, Operation>();
    for (const one of this.#changes) if (one.kind === WRITE) writes.set(one.value, one);
    const lost: Operation[] = [];
    const undone: { read: Operation; by: Operation }[] = [];
    const impossible: Operation[] = [];
    for (const read of ready) {
      const seen = read.value === 0 ? undefined : writes.get(read.value);
      if (read.value !== 0 && (seen === undefined || seen.outcome === REFUSED)) {
        impossible.push(read);
        continue;
      }
      const by = seen === undefined ? undefined : this.#deleteBetween(seen, read);
      if (by !== undefined) undone.push({ read, by });
      for (const one of this.#changes) {
        if (this.#isLost(one, seen, read)) {
          this.#lost.add(one.value);
          lost.push(one);
        }
      }
    }
    this.#reads = this.#reads.filter((read) => read.endNs > untilNs);
    this.#forget();
    return { lost, undone, impossible };
  }

  /** For people: what is known, in the order of the ends. */
  get changes(): readonly Operation[] {
    return this.#changes;
  }

  #deleteBetween(seen: Operation, read: Operation): Operation | undefined {
    if (seen.outcome !== DONE) return undefined;
    return this.#changes.find(
      (one) =>
        one.kind === DELETE &&
        one.outcome === DONE &&
        isBefore(seen, one) &&
        // The write had its answer before the delete began, and that before the read did.
        isBefore(one, read),
    );
  }

  #isLost(one: Operation, seen: Operation | undefined, read: Operation): boolean {
    if (one.kind !== WRITE || one.outcome !== DONE || !isBefore(one, read)) return false;
    if (this.#lost.has(one.value)) return false;
    if (seen !== undefined) return seen.outcome === DONE && isBefore(seen, one);
    return !this.#changes.some((other) => other.kind === DELETE && mayBeBetween(one, other, read));
  }

  #forget(): void {
    if (this.#changes.length <= 2 * KEPT) return;
    this.#changes.sort((a, b) => a.endNs - b.endNs);
    this.#changes = this.#changes.slice(-KEPT);
  }
}

const nothing: KeyFindings = { lost: [], undone: [], impossible: [] };

const isBefore = (one: Operation, other: Operation): boolean => one.endNs < other.startNs;

/** Whether `middle` may have been executed after `one` and before `read` was answered. */
function mayBeBetween(one: Operation, middle: Operation, read: Operation): boolean {
  if (middle.outcome === REFUSED || middle.startNs > read.endNs) return false;
  return middle.outcome === UNKNOWN || middle.endNs > one.startNs;
}
