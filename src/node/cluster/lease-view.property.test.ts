import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HolderClock } from '../../cluster/index.js';
import { LeaseView } from './lease-view.js';
import { newSharedMemory, SharedCell } from './shared-cell.js';

const L = 1500;
const [SHARD, EPOCH] = [1, 7];
/** What the holder's clock may miss after each time that the wall clock was set back, in ms. */
const TREMBLE_MS = 2;

/** A machine with true time, its two clocks, a worker that is granted leases, and the main thread's view of them. */
class Machine {
  nowMs = 1_000_000;
  #suspendedMs = 0;
  #wallMs = 5_000_000;
  readonly #memory = newSharedMemory();
  readonly #cell = new SharedCell(this.#memory);
  readonly #clock = new HolderClock();
  #jumpsHeard = 0;
  /** When what was granted last was sent, in true time. */
  sentMs = Number.NEGATIVE_INFINITY;
  readonly view = new LeaseView(new SharedCell(this.#memory), () => this.#read());

  constructor() {
    const { monotonicMs, wallMs } = this.#read();
    this.#clock.read(monotonicMs, wallMs);
  }

  pass(ms: number): void {
    this.nowMs += ms;
  }

  suspend(ms: number): void {
    this.nowMs += ms;
    this.#suspendedMs += ms;
  }

  setWall(byMs: number): void {
    this.#wallMs += byMs;
  }

  /** The worker's step, as the driver does it. */
  work(isGranted: boolean): void {
    const { monotonicMs, wallMs } = this.#read();
    const { skippedMs, jumped, holderMs } = this.#clock.read(monotonicMs, wallMs);
    const { jumps } = this.#cell;
    if (jumped || jumps !== this.#jumpsHeard) {
      this.#jumpsHeard = jumps;
      this.#cell.writeLease(undefined, jumps);
      this.sentMs = Number.NEGATIVE_INFINITY;
    }
    if (!isGranted) return;
    this.sentMs = this.nowMs;
    const lease = { shard: SHARD, epoch: EPOCH, deadlineMs: holderMs + L - skippedMs };
    this.#cell.writeLease(lease, this.#jumpsHeard);
  }

  get mayWrite(): boolean {
    return this.view.mayWrite(SHARD, EPOCH);
  }

  #read() {
    return {
      monotonicMs: this.nowMs - this.#suspendedMs,
      wallMs: this.nowMs + this.#wallMs,
    };
  }
}

type Kind = 'pass' | 'to the end' | 'suspend' | 'set' | 'work' | 'ask';

/** Of this kind, that likely, with so many ms. */
function step(weight: number, kind: Kind, ...ranges: readonly (readonly [min: number, max: number])[]) {
  const ms = fc.oneof(...ranges.map(([min, max]) => fc.integer({ min, max })));
  return { weight, arbitrary: fc.record({ kind: fc.constant(kind), ms }) };
}

const anyStep = fc.oneof(
  step(3, 'pass', [0, 700]),
  step(2, 'to the end', [-5, 60]),
  step(3, 'suspend', [0, 50], [0, 60], [0, 4000]),
  step(1, 'set', [-4000, 4000]),
  step(4, 'work', [0, 1]),
  step(4, 'ask', [0, 0]),
);

test('whatever is suspended or set, the main thread writes under no lease that is over', () => {
  let writes = 0;
  fc.assert(
    fc.property(fc.array(anyStep, { minLength: 20, maxLength: 60 }), (steps) => {
      const machine = new Machine();
      let missedMs = 0;
      const ask = (): void => {
        if (!machine.mayWrite) return;
        writes++;
        const ageMs = machine.nowMs - machine.sentMs;
        assert.ok(ageMs < L + missedMs, `a lease of ${ageMs} ms`);
      };
      for (const { kind, ms } of steps) {
        if (kind === 'pass') machine.pass(ms);
        else if (kind === 'to the end') machine.pass(Math.max(0, machine.sentMs + L + ms - machine.nowMs));
        else if (kind === 'suspend') machine.suspend(ms);
        else if (kind === 'work') machine.work(ms > 0);
        else if (kind === 'ask') ask();
        else {
          // A clock that is set back while its machine is suspended hides the pause; both look before and behind.
          for (const byMs of [0, ms]) {
            machine.setWall(byMs);
            machine.work(false);
            ask();
          }
          missedMs += 2 * TREMBLE_MS;
        }
      }
    }),
    { numRuns: 3_000 },
  );
  assert.ok(writes > 1_000, `it could write ${writes} times`);
});

test('a lease is that of its shard and epoch, and ends when its time is over', () => {
  const machine = new Machine();
  assert.equal(machine.mayWrite, false);
  machine.work(true);
  assert.ok(machine.mayWrite);
  assert.equal(machine.view.mayWrite(SHARD, EPOCH + 1), false);
  assert.equal(machine.view.mayWrite(SHARD + 1, EPOCH), false);
  machine.pass(L - 1);
  assert.equal(machine.mayWrite, true);
  machine.pass(1);
  assert.equal(machine.mayWrite, false);
});

test('a jump that only the main thread sees ends the lease until the worker has dropped it and has another', () => {
  const machine = new Machine();
  machine.work(true);
  assert.ok(machine.mayWrite);
  machine.setWall(-100);
  assert.equal(machine.mayWrite, false);
  // Seen by the worker too, which was granted another lease without having dropped: its clocks agree with themselves.
  assert.equal(machine.mayWrite, false, 'the lease in the cell is as old as before');
  machine.work(true);
  assert.ok(machine.mayWrite);
});

test('a lease that was handed over before a jump, and is found after it, counts for nothing', () => {
  const machine = new Machine();
  assert.equal(machine.mayWrite, false);
  machine.work(true);
  machine.setWall(60);
  assert.equal(machine.mayWrite, false);
  machine.pass(100);
  assert.equal(machine.mayWrite, false);
  machine.work(true);
  assert.ok(machine.mayWrite);
});

test('who is held writes nothing, and goes on with what it has', () => {
  const machine = new Machine();
  machine.work(true);
  machine.view.hold(true);
  assert.equal(machine.mayWrite, false);
  machine.view.hold(false);
  assert.ok(machine.mayWrite);
});
