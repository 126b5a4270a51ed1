import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newSharedMemory, SharedCell, type SharedLease, type SharedWords } from './shared-cell.js';

/** The lease that is written as the nth: each of its parts tells which one it is. */
function nth(n: number): SharedLease {
  return { shard: n, epoch: n * 2 ** 40 + n, deadlineMs: n * 1e6 + n / 7 };
}

/** Memory in which stores of a writer come to pass between loads of a reader, as a schedule says. */
class Interleaved {
  readonly #words: number[] = [];
  readonly #stores: (readonly [word: number, value: number])[] = [];
  readonly #schedule: number[];
  #done = 0;
  /** How many stores were made when the nth lease was written. */
  readonly #ends: number[] = [0];

  constructor(leases: number, schedule: readonly number[]) {
    this.#schedule = [...schedule];
    const writer = new SharedCell({ load: () => 0, store: (...store) => void this.#stores.push(store) });
    for (let n = 1; n <= leases; n++) {
      writer.writeLease(nth(n), n);
      this.#ends.push(this.#stores.length);
    }
  }

  /** For the reader. */
  get words(): SharedWords {
    return {
      load: (word) => {
        this.#go(this.#schedule.pop() ?? 0);
        return this.#words[word] ?? 0;
      },
      store: () => assert.fail('a reader writes no lease'),
    };
  }

  /** Leases that are written as a whole. */
  get written(): number {
    return this.#ends.findLastIndex((end) => end <= this.#done);
  }

  #go(stores: number): void {
    for (const [word, value] of this.#stores.slice(this.#done, this.#done + stores)) {
      this.#words[word] = value;
    }
    this.#done = Math.min(this.#done + stores, this.#stores.length);
  }
}

test('whatever a writer does between two loads of a reader, it reads one lease, whole, and none that was over before', () => {
  let retried = 0;
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 12 })), { maxLength: 80 }),
      (leases, schedule) => {
        const memory = new Interleaved(leases, schedule);
        const cell = new SharedCell(memory.words);
        for (let look = 0; look < 12; look++) {
          const before = memory.written;
          if (!cell.readLease()) {
            retried++;
            continue;
          }
          const n = cell.number;
          assert.ok(n >= before && n <= memory.written, `read ${n}, and ${before} was written before`);
          const { shard, epoch, deadlineMs, jumpsHeard } = cell;
          if (n === 0) assert.equal(deadlineMs, Number.NEGATIVE_INFINITY);
          else assert.deepEqual({ shard, epoch, deadlineMs }, nth(n));
          assert.equal(jumpsHeard, n);
        }
      },
    ),
    { numRuns: 2_000 },
  );
  assert.ok(retried < 2_000, 'it is seldom that a reader gives up');
});

test('both sides share memory: the lease, jumps, beats, and what has arrived', () => {
  const memory = newSharedMemory();
  const [worker, main] = [new SharedCell(memory), new SharedCell(memory)];
  assert.ok(main.readLease());
  assert.equal(main.deadlineMs, Number.NEGATIVE_INFINITY);
  worker.writeLease({ shard: 3, epoch: 2 ** 50 + 1, deadlineMs: 1234.5 }, 0);
  assert.ok(main.readLease());
  assert.deepEqual([main.shard, main.epoch, main.deadlineMs], [3, 2 ** 50 + 1, 1234.5]);
  worker.writeLease(undefined, -1);
  assert.ok(main.readLease());
  assert.deepEqual([main.deadlineMs, main.jumpsHeard], [Number.NEGATIVE_INFINITY, -1]);
  main.jumps = 2 ** 31 - 1;
  main.beat();
  main.beat();
  main.takenByMain = 7;
  worker.takenByWorker = -8;
  main.publicationsTakenByMain = 9;
  worker.publicationsTakenByWorker = 10;
  assert.deepEqual(
    [worker.jumps, worker.beats, worker.takenByMain, main.takenByWorker],
    [2 ** 31 - 1, 2, 7, -8],
  );
  assert.deepEqual([worker.publicationsTakenByMain, main.publicationsTakenByWorker], [9, 10]);
});
